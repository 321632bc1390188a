//! e^x of many numbers.
//!
//! The same operations in the same order as [`libm::exp`], told without branches so that a compiler can put numbers
//! side by side; numbers outside the range where that holds are given to [`libm::exp`] itself.

/// The constants of `libm::exp`, which are those of FreeBSD's `e_exp.c`.
const LN2_HIGH: f64 = 6.931_471_803_691_238e-1;
const LN2_LOW: f64 = 1.908_214_929_270_587_7e-10;
const INVERSE_LN2: f64 = std::f64::consts::LOG2_E;
const P1: f64 = 1.666_666_666_666_660_2e-1;
const P2: f64 = -2.777_777_777_701_559_3e-3;
const P3: f64 = 6.613_756_321_437_934e-5;
const P4: f64 = -1.653_390_220_546_525_2e-6;
const P5: f64 = 4.138_136_797_057_238_5e-8;

/// Where every case of `libm::exp` but the plain one is excluded: results are normal numbers.
const LARGEST: f64 = 700.0;

/// Numbers that are looked at together: one outside of the range holds up no more than these.
const ABREAST: usize = 32;

/// Where `libm` changes its way: it compares the upper halves of numbers, of which these are the first ones.
const SMALL: f64 = f64::from_bits(0x3fd6_2e43_0000_0000);
const TINY: f64 = f64::from_bits(0x3e30_0001_0000_0000);

/// The last bits of a whole number to which it was added are that number.
const SHIFT: f64 = 6_755_399_441_055_744.0;

/// e^x of every number, with the bits of [`libm::exp`]. Wide where it is called within
/// [`vectorised`](crate::vectorised).
#[inline(always)]
pub fn exponentials(numbers: &mut [f64]) {
    for numbers in numbers.chunks_mut(ABREAST) {
        if numbers.iter().fold(true, |plain, number| plain & (number.abs() < LARGEST)) {
            numbers.iter_mut().for_each(|number| *number = plain_exponential(*number));
        } else {
            numbers.iter_mut().for_each(|number| *number = libm::exp(*number));
        }
    }
}

/// exp of a number below [`LARGEST`].
#[inline(always)]
fn plain_exponential(number: f64) -> f64 {
    let magnitude = number.abs();
    // Beyond half of ln 2 the power of two is split off: the nearest whole number, found as `libm` does by truncation
    // after adding a half of the same sign. Up to 1.5 ln 2 `libm` takes −1 or 1, which is the same.
    let half = 0.5_f64.copysign(number);
    let nearest = (INVERSE_LN2 * number + half).trunc();
    let power = if magnitude >= SMALL { nearest } else { 0.0 };
    let high = number - power * LN2_HIGH;
    let low = power * LN2_LOW;
    let rest = high - low;
    let square = rest * rest;
    let c = rest - square * (P1 + square * (P2 + square * (P3 + square * (P4 + square * P5))));
    let result = 1.0 + (rest * c / (2.0 - c) - low + high);
    // The power is within ±1010, so that the factor is a normal number and the product exact.
    let scaled = result * f64::from_bits(((power + SHIFT).to_bits() << 52).wrapping_add(1023 << 52));
    // `libm` takes a shorter way for tiny numbers.
    if magnitude >= TINY { scaled } else { 1.0 + number }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_the_bits_of_one_by_one() {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut numbers: Vec<f64> = vec![
            0.0,
            -0.0,
            1.0,
            -1.0,
            0.5,
            -0.5,
            0.346_573_590_279_972_6,
            0.346_573_590_279_972_7,
            1.039_720_770_839_917_9,
            1.039_720_770_839_918,
            -1.039_720_770_839_918,
            1e-9,
            -1e-9,
            3.7e-9,
            3.8e-9,
            1e-300,
            699.9,
            -699.9,
        ];
        for _ in 0..200_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let unit = (state >> 11) as f64 / (1_u64 << 53) as f64 - 0.5;
            let scale = [1.0, 3.0, 40.0, 1_390.0, 1e-7][(state % 5) as usize];
            numbers.push(unit * scale);
            // Next to the borders between powers of two.
            let border = ((state >> 20) % 2_000) as f64 - 1_000.0;
            let near = (border + 0.5) * std::f64::consts::LN_2;
            numbers
                .extend([near, near.next_up(), near.next_down()].iter().filter(|near| near.abs() < LARGEST));
        }
        for edge in [0x3fd6_2e42_u64, 0x3ff0_a2b2, 0x3e30_0000] {
            for low in [0_u64, 1, 0xffff_ffff] {
                for word in [edge - 1, edge, edge + 1] {
                    let number = f64::from_bits(word << 32 | low);
                    numbers.extend([number, -number]);
                }
            }
        }
        let mut together = numbers.clone();
        exponentials(&mut together);
        for (number, result) in numbers.iter().zip(&together) {
            assert_eq!(result.to_bits(), libm::exp(*number).to_bits(), "{number:e}");
        }
        let mut wild = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 710.0, -746.0, 1.0];
        let expected = wild.map(libm::exp);
        exponentials(&mut wild);
        assert_eq!(wild.map(f64::to_bits), expected.map(f64::to_bits));
    }
}
