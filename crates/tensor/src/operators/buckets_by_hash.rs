//! Strings to the numbers of buckets, by hash functions whose values are fixed for all time.

use scorewheel_model::ModelError;

use crate::element::{ElementType, Storage};
use crate::error::invalid;
use crate::operators::{Built, Computation, NodeContext};
use crate::tensor::TensorType;

/// `StringToHashBucketFast`, `StringToHashBucketStrong`: the hash of each string, modulo the number of buckets.
pub(crate) fn build(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    context.storage(0, &[Storage::Text])?;
    let attributes = context.attributes();
    let buckets = attributes.integer("num_buckets")?.and_then(|buckets| u64::try_from(buckets).ok());
    let buckets =
        buckets.filter(|buckets| *buckets > 0).ok_or_else(|| invalid("num_buckets is no positive number"))?;
    let keys = match context.operator() {
        "StringToHashBucketStrong" => match attributes.integers("key")? {
            Some([first, second]) => Some([*first as u64, *second as u64]),
            _ => return Err(invalid("the key of a strong hash is no pair of numbers")),
        },
        _ => None,
    };
    let output = TensorType::new(ElementType::I64, context.input(0)?.shape());
    Ok(Computation::one(output, move |inputs, outputs, _| {
        for (out, text) in outputs[0].i64_mut().iter_mut().zip(inputs[0].text()) {
            let hash = match keys {
                Some(keys) => sip_hash(keys, text.as_bytes()),
                None => fingerprint(text.as_bytes()),
            };
            *out = (hash % buckets) as i64;
        }
        Ok(())
    }))
}

/// SipHash with 2 rounds a word and 4 at the end. Source: Aumasson and Bernstein, *SipHash: a fast short-input PRF*.
fn sip_hash([k0, k1]: [u64; 2], bytes: &[u8]) -> u64 {
    let mut v = [
        k0 ^ 0x736f_6d65_7073_6575,
        k1 ^ 0x646f_7261_6e64_6f6d,
        k0 ^ 0x6c79_6765_6e65_7261,
        k1 ^ 0x7465_6462_7974_6573,
    ];
    let round = |v: &mut [u64; 4]| {
        v[0] = v[0].wrapping_add(v[1]);
        v[1] = v[1].rotate_left(13) ^ v[0];
        v[0] = v[0].rotate_left(32);
        v[2] = v[2].wrapping_add(v[3]);
        v[3] = v[3].rotate_left(16) ^ v[2];
        v[0] = v[0].wrapping_add(v[3]);
        v[3] = v[3].rotate_left(21) ^ v[0];
        v[2] = v[2].wrapping_add(v[1]);
        v[1] = v[1].rotate_left(17) ^ v[2];
        v[2] = v[2].rotate_left(32);
    };
    let (words, rest) = bytes.as_chunks::<8>();
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    last[7] = bytes.len() as u8;
    for word in words.iter().chain([&last]) {
        let word = u64::from_le_bytes(*word);
        v[3] ^= word;
        round(&mut v);
        round(&mut v);
        v[0] ^= word;
    }
    v[2] ^= 0xff;
    (0..4).for_each(|_| round(&mut v));
    v[0] ^ v[1] ^ v[2] ^ v[3]
}

const K0: u64 = 0xc3a5_c85c_97cb_3127;
const K1: u64 = 0xb492_b66f_be98_f273;
const K2: u64 = 0x9ae1_6a3b_2f90_404f;

/// The 64 bits of FarmHash's fingerprint. Source: <https://github.com/google/farmhash>, `farmhashna::Hash64`.
pub(crate) fn fingerprint(bytes: &[u8]) -> u64 {
    match bytes.len() {
        0..=16 => up_to_16(bytes),
        17..=32 => up_to_32(bytes),
        33..=64 => up_to_64(bytes),
        _ => longer(bytes),
    }
}

fn fetch(bytes: &[u8], at: usize) -> u64 {
    bytes[at..].first_chunk::<8>().map_or(0, |word| u64::from_le_bytes(*word))
}

fn fetch_half(bytes: &[u8], at: usize) -> u64 {
    bytes[at..].first_chunk::<4>().map_or(0, |word| u64::from(u32::from_le_bytes(*word)))
}

fn shift_mix(value: u64) -> u64 {
    value ^ (value >> 47)
}

fn mix(u: u64, v: u64, factor: u64) -> u64 {
    let a = shift_mix((u ^ v).wrapping_mul(factor));
    let b = shift_mix((v ^ a).wrapping_mul(factor));
    b.wrapping_mul(factor)
}

fn up_to_16(bytes: &[u8]) -> u64 {
    let len = bytes.len();
    let factor = K2.wrapping_add(len as u64 * 2);
    if len >= 8 {
        let a = fetch(bytes, 0).wrapping_add(K2);
        let b = fetch(bytes, len - 8);
        let c = b.rotate_right(37).wrapping_mul(factor).wrapping_add(a);
        let d = a.rotate_right(25).wrapping_add(b).wrapping_mul(factor);
        return mix(c, d, factor);
    }
    if len >= 4 {
        let a = fetch_half(bytes, 0);
        return mix((len as u64).wrapping_add(a << 3), fetch_half(bytes, len - 4), factor);
    }
    if len > 0 {
        let (a, b, c) = (u32::from(bytes[0]), u32::from(bytes[len / 2]), u32::from(bytes[len - 1]));
        let y = u64::from(a.wrapping_add(b << 8));
        let z = u64::from((len as u32).wrapping_add(c << 2));
        return shift_mix(y.wrapping_mul(K2) ^ z.wrapping_mul(K0)).wrapping_mul(K2);
    }
    K2
}

fn up_to_32(bytes: &[u8]) -> u64 {
    let len = bytes.len();
    let factor = K2.wrapping_add(len as u64 * 2);
    let a = fetch(bytes, 0).wrapping_mul(K1);
    let b = fetch(bytes, 8);
    let c = fetch(bytes, len - 8).wrapping_mul(factor);
    let d = fetch(bytes, len - 16).wrapping_mul(K2);
    mix(
        a.wrapping_add(b).rotate_right(43).wrapping_add(c.rotate_right(30)).wrapping_add(d),
        a.wrapping_add(b.wrapping_add(K2).rotate_right(18)).wrapping_add(c),
        factor,
    )
}

fn up_to_64(bytes: &[u8]) -> u64 {
    let len = bytes.len();
    let factor = K2.wrapping_add(len as u64 * 2);
    let a = fetch(bytes, 0).wrapping_mul(K2);
    let b = fetch(bytes, 8);
    let c = fetch(bytes, len - 8).wrapping_mul(factor);
    let d = fetch(bytes, len - 16).wrapping_mul(K2);
    let y = a.wrapping_add(b).rotate_right(43).wrapping_add(c.rotate_right(30)).wrapping_add(d);
    let z = mix(y, a.wrapping_add(b.wrapping_add(K2).rotate_right(18)).wrapping_add(c), factor);
    let e = fetch(bytes, 16).wrapping_mul(factor);
    let f = fetch(bytes, 24);
    let g = y.wrapping_add(fetch(bytes, len - 32)).wrapping_mul(factor);
    let h = z.wrapping_add(fetch(bytes, len - 24)).wrapping_mul(factor);
    mix(
        e.wrapping_add(f).rotate_right(43).wrapping_add(g.rotate_right(30)).wrapping_add(h),
        e.wrapping_add(f.wrapping_add(a).rotate_right(18)).wrapping_add(g),
        factor,
    )
}

/// A weak hash of 32 bytes with two seeds.
fn weak(bytes: &[u8], at: usize, a: u64, b: u64) -> (u64, u64) {
    let [w, x, y, z] = [0, 8, 16, 24].map(|offset| fetch(bytes, at + offset));
    let a = a.wrapping_add(w);
    let b = b.wrapping_add(a).wrapping_add(z).rotate_right(21);
    let c = a;
    let a = a.wrapping_add(x).wrapping_add(y);
    let b = b.wrapping_add(a.rotate_right(44));
    (a.wrapping_add(z), b.wrapping_add(c))
}

fn longer(bytes: &[u8]) -> u64 {
    const SEED: u64 = 81;
    let len = bytes.len();
    let mut x = SEED;
    let mut y = SEED.wrapping_mul(K1).wrapping_add(113);
    let mut z = shift_mix(y.wrapping_mul(K2).wrapping_add(113)).wrapping_mul(K2);
    let (mut v, mut w) = ((0u64, 0u64), (0u64, 0u64));
    x = x.wrapping_mul(K2).wrapping_add(fetch(bytes, 0));
    let end = (len - 1) / 64 * 64;
    let last = end + ((len - 1) & 63) - 63;
    for at in (0..end).step_by(64) {
        x = x.wrapping_add(y).wrapping_add(v.0).wrapping_add(fetch(bytes, at + 8));
        x = x.rotate_right(37).wrapping_mul(K1);
        y = y.wrapping_add(v.1).wrapping_add(fetch(bytes, at + 48)).rotate_right(42).wrapping_mul(K1);
        x ^= w.1;
        y = y.wrapping_add(v.0).wrapping_add(fetch(bytes, at + 40));
        z = z.wrapping_add(w.0).rotate_right(33).wrapping_mul(K1);
        v = weak(bytes, at, v.1.wrapping_mul(K1), x.wrapping_add(w.0));
        w = weak(bytes, at + 32, z.wrapping_add(w.1), y.wrapping_add(fetch(bytes, at + 16)));
        std::mem::swap(&mut z, &mut x);
    }
    let factor = K1.wrapping_add((z & 0xff) << 1);
    w.0 = w.0.wrapping_add((len as u64 - 1) & 63);
    v.0 = v.0.wrapping_add(w.0);
    w.0 = w.0.wrapping_add(v.0);
    x = x.wrapping_add(y).wrapping_add(v.0).wrapping_add(fetch(bytes, last + 8));
    x = x.rotate_right(37).wrapping_mul(factor);
    y = y.wrapping_add(v.1).wrapping_add(fetch(bytes, last + 48)).rotate_right(42).wrapping_mul(factor);
    x ^= w.1.wrapping_mul(9);
    y = y.wrapping_add(v.0.wrapping_mul(9)).wrapping_add(fetch(bytes, last + 40));
    z = z.wrapping_add(w.0).rotate_right(33).wrapping_mul(factor);
    v = weak(bytes, last, v.1.wrapping_mul(factor), x.wrapping_add(w.0));
    w = weak(bytes, last + 32, z.wrapping_add(w.1), y.wrapping_add(fetch(bytes, last + 16)));
    std::mem::swap(&mut z, &mut x);
    mix(
        mix(v.0, w.0, factor).wrapping_add(shift_mix(y).wrapping_mul(K0)).wrapping_add(z),
        mix(v.1, w.1, factor).wrapping_add(x),
        factor,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_of_sip_hash() {
        let key = [0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908];
        let bytes: Vec<u8> = (0..15).collect();
        assert_eq!(sip_hash(key, &bytes), 0xa129_ca61_49be_45e5);
    }

    /// Values of TensorFlow's `platform/fingerprint_test.cc`, and, for longer texts, of Guava's
    /// `FarmHashFingerprint64Test`, which holds itself against the reference implementation.
    #[test]
    fn the_references_of_farm_hash() {
        assert_eq!(fingerprint(b"Hello"), 15_404_698_994_557_526_151);
        assert_eq!(fingerprint(b"World"), 18_308_117_990_299_812_472);
        assert_eq!(fingerprint(b"test"), 8_581_389_452_482_819_506);
        assert_eq!(fingerprint("test".repeat(8).as_bytes()).cast_signed(), -4_196_240_717_365_766_262);
        assert_eq!(fingerprint("test".repeat(64).as_bytes()), 3_500_507_768_004_279_527);
    }

    /// Guava's `testMultipleLengths`: what becomes of 3,200 fingerprints of up to 3,200 bytes, each of which depends on
    /// those before it, is what the reference implementation comes to.
    #[test]
    fn every_length_has_the_fingerprint_of_the_reference() {
        const ROUNDS: usize = 800;
        let mut bytes = vec![0_u8; 4 * ROUNDS];
        let (mut length, mut state) = (0, 0_u64);
        for round in 0..ROUNDS {
            for step in 0..4 {
                let looked = match step {
                    0 => round,
                    1 => round * round % length,
                    2 => round * round * round % length,
                    _ => length,
                };
                state ^= fingerprint(&bytes[..looked]);
                state ^= state >> 41;
                state = state.wrapping_mul(949_921_979);
                bytes[length] = b'a' + ((state & 0xf_ffff) % 26) as u8;
                length += 1;
            }
            let [a, b, c] = [1, 2, 3].map(|back| usize::from(bytes[length - back]));
            let middle = bytes[length / 2];
            bytes[((a << 16) + (b << 8) + c) % length] ^= middle;
            bytes[((b << 16) + (c << 8) + usize::from(middle)) % length] ^= (round % 256) as u8;
        }
        assert_eq!(state, 0x7a1d_67c5_0ec7_e167);
    }

    #[test]
    fn every_length_has_a_fingerprint_of_its_own() {
        let bytes: Vec<u8> = (0..=255).collect();
        let all: std::collections::HashSet<u64> = (0..=256).map(|len| fingerprint(&bytes[..len])).collect();
        assert_eq!(all.len(), 257);
    }
}
