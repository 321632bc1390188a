//! Damage at random: the same on every machine.

/// What numbers and words are replaced with.
const ODDITIES: &[&str] = &[
    "",
    "0",
    "-1",
    "1",
    "2147483648",
    "-2147483649",
    "9223372036854775807",
    "18446744073709551615",
    "1e400",
    "NaN",
    "-0.0",
    "1e-320",
    "null",
    "true",
    "[]",
    "{}",
    "\"\"",
    "\u{10ffff}",
    "[[[[[[[[",
    "99999999999999999999999",
];

/// Random numbers from a seed.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The numbers of this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// The next number.
    pub fn bits(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number below `limit`; 0 if that is 0.
    pub fn below(&mut self, limit: usize) -> usize {
        if limit == 0 { 0 } else { (self.bits() >> 16) as usize % limit }
    }
}

/// A range of at most `longest` bytes.
fn range(length: usize, longest: usize, random: &mut Random) -> std::ops::Range<usize> {
    let start = random.below(length + 1);
    let end = (start + 1 + random.below(longest)).min(length);
    start..end
}

/// The place of a run of letters, digits, signs and points near a random place: a number or a word.
fn word(bytes: &[u8], random: &mut Random) -> std::ops::Range<usize> {
    let inside = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-._".contains(byte);
    let at = random.below(bytes.len());
    let Some(start) = bytes[at..].iter().position(inside).map(|skip| at + skip) else { return at..at };
    let end =
        bytes[start..].iter().position(|byte| !inside(byte)).map_or(bytes.len(), |length| start + length);
    start..end
}

/// One to six pieces of damage to `input`; some come from `other`.
#[must_use]
pub fn damage(input: &[u8], other: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = input.to_vec();
    for _ in 0..=random.below(6) {
        if bytes.is_empty() {
            bytes.push(random.bits() as u8);
        }
        let length = bytes.len();
        match random.below(9) {
            0 => {
                let at = random.below(length);
                bytes[at] ^= 1 << random.below(8);
            }
            1 => {
                let at = random.below(length);
                bytes[at] = [0, 1, 0x7f, 0x80, 0xff, b'"', b'<', b'{'][random.below(8)];
            }
            2 => {
                bytes.drain(range(length, 16, random));
            }
            3 => bytes.truncate(random.below(length)),
            4 => {
                let piece = bytes[range(length, 64, random)].to_vec();
                let at = random.below(length + 1);
                bytes.splice(at..at, piece);
            }
            5 => {
                let piece = other[range(other.len(), 64, random)].to_vec();
                let into = range(length, 64, random);
                bytes.splice(into, piece);
            }
            // A length as readers of binary files meet them, little or big.
            6 => {
                let value = [0_u32, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff][random.below(5)];
                let at = random.below(length);
                let value = if random.below(2) == 0 { value.to_le_bytes() } else { value.to_be_bytes() };
                for (byte, new) in bytes[at..].iter_mut().zip(value) {
                    *byte = new;
                }
            }
            _ => {
                let place = word(&bytes, random);
                let other = word(&bytes, random);
                let with = match random.below(2) {
                    0 => ODDITIES[random.below(ODDITIES.len())].as_bytes().to_vec(),
                    _ => bytes[other].to_vec(),
                };
                bytes.splice(place, with);
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damage_is_the_same_each_time_and_other_than_what_it_damages() {
        let input = br#"{"a": 1, "b": [2.5, "c"]}"#;
        let all = |seed| {
            let mut random = Random::new(seed);
            (0..100).map(|_| damage(input, b"other", &mut random)).collect::<Vec<_>>()
        };
        assert_eq!(all(1), all(1));
        assert_ne!(all(1), all(2));
        assert!(all(1).iter().filter(|bytes| **bytes != input).count() > 90);
        assert!(all(3).iter().any(Vec::is_empty) || all(3).iter().any(|bytes| bytes.len() > input.len()));
        let mut random = Random::new(4);
        (0..100).for_each(|_| drop(damage(b"", b"", &mut random)));
    }
}
