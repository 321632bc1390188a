//! Sorted tables with right checksums, so that damage gets past them.

/// CRC-32C of bytes, as tables store it.
fn masked_checksum(bytes: &[u8]) -> u32 {
    let mut state = u32::MAX;
    for byte in bytes {
        state ^= u32::from(*byte);
        for _ in 0..8 {
            state = if state & 1 == 1 { state >> 1 ^ 0x82f6_3b78 } else { state >> 1 };
        }
    }
    (!state).rotate_right(15).wrapping_add(0xa282_ead8)
}

fn varint(bytes: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

/// The content of a block with these pairs, in order.
#[must_use]
pub fn block(pairs: &[(&[u8], &[u8])]) -> Vec<u8> {
    let mut block = Vec::new();
    for (key, value) in pairs {
        varint(&mut block, 0);
        varint(&mut block, key.len());
        varint(&mut block, value.len());
        block.extend_from_slice(key);
        block.extend_from_slice(value);
    }
    block.extend_from_slice(&[0, 0, 0, 0, 1, 0, 0, 0]);
    block
}

/// Appends a block with its checksum; its handle.
fn seal(table: &mut Vec<u8>, block: &[u8]) -> Vec<u8> {
    let mut handle = Vec::new();
    varint(&mut handle, table.len());
    varint(&mut handle, block.len());
    table.extend_from_slice(block);
    table.push(0);
    let checked = [block, &[0]].concat();
    table.extend_from_slice(&masked_checksum(&checked).to_le_bytes());
    handle
}

/// A table of one block of data, whatever that holds.
#[must_use]
pub fn table(data: &[u8]) -> Vec<u8> {
    let mut table = Vec::new();
    let data = seal(&mut table, data);
    let meta = seal(&mut table, &block(&[]));
    let index = seal(&mut table, &block(&[(b"~", &data)]));
    let mut footer = [meta, index].concat();
    footer.resize(40, 0);
    table.extend_from_slice(&footer);
    table.extend_from_slice(&0xdb47_7524_8b80_fb57_u64.to_le_bytes());
    table
}

/// The checksum of a tensor's bytes, as its entry holds it.
#[must_use]
pub fn tensor_checksum(bytes: &[u8]) -> [u8; 4] {
    masked_checksum(bytes).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_the_specification() {
        // RFC 3720, B.4: CRC-32C of "123456789" is 0xe3069283; masked as in LevelDB's `crc32c::Mask`.
        assert_eq!(masked_checksum(b"123456789"), 0xe306_9283_u32.rotate_right(15).wrapping_add(0xa282_ead8));
    }
}
