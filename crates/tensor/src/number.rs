//! Short floating-point formats.

/// The value of an IEEE 754 binary16.
pub(crate) fn f16_to_f32(bits: u16) -> f32 {
    let sign = u32::from(bits >> 15) << 31;
    let exponent = u32::from(bits >> 10) & 0x1f;
    let fraction = u32::from(bits) & 0x3ff;
    match exponent {
        0 => {
            // A subnormal is a whole number of 2^-24; that product is exact.
            let value = fraction as f32 * f32::from_bits(0x3380_0000);
            f32::from_bits(value.to_bits() | sign)
        }
        31 => f32::from_bits(sign | 0x7f80_0000 | fraction << 13),
        _ => f32::from_bits(sign | (exponent + 112) << 23 | fraction << 13),
    }
}

/// `value` rounded to the nearest binary16, ties to even.
pub(crate) fn round_to_f16(value: f32) -> f32 {
    if !value.is_finite() {
        return value;
    }
    let magnitude = value.abs();
    let rounded = if magnitude < f32::from_bits(0x3880_0000) {
        // Below 2^-14 the grid has a step of 2^-24: adding 0.5 leaves exactly those bits in the sum.
        (magnitude + 0.5) - 0.5
    } else {
        let bits = magnitude.to_bits();
        let even = (bits >> 13) & 1;
        f32::from_bits((bits + 0xfff + even) & !0x1fff)
    };
    let rounded = if rounded >= 65520.0 { f32::INFINITY } else { rounded };
    rounded.copysign(value)
}

/// The value of a bfloat16.
pub(crate) fn bf16_to_f32(bits: u16) -> f32 {
    f32::from_bits(u32::from(bits) << 16)
}

/// `value` rounded to the nearest bfloat16, ties to even.
pub(crate) fn round_to_bf16(value: f32) -> f32 {
    if value.is_nan() {
        return value;
    }
    let bits = value.to_bits();
    let even = (bits >> 16) & 1;
    f32::from_bits(bits.wrapping_add(0x7fff + even) & 0xffff_0000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_half_is_its_own_rounding() {
        for bits in 0..=u16::MAX {
            let value = f16_to_f32(bits);
            if !value.is_nan() {
                assert_eq!(round_to_f16(value).to_bits(), value.to_bits(), "{bits:04x}");
            }
            let value = bf16_to_f32(bits);
            if !value.is_nan() {
                assert_eq!(round_to_bf16(value).to_bits(), value.to_bits(), "{bits:04x}");
            }
        }
    }

    #[test]
    fn halves_round_to_the_nearest() {
        let cases: &[(f32, f32)] = &[
            (1.0 + 1.0 / 2048.0, 1.0),
            (1.0 + 3.0 / 2048.0, 1.0 + 4.0 / 2048.0),
            (65519.0, 65504.0),
            (65520.0, f32::INFINITY),
            (2.0f32.powi(-24) * 1.5, 2.0f32.powi(-23)),
            (2.0f32.powi(-26), 0.0),
            (-0.1, -0.099_975_586),
        ];
        for (value, expected) in cases {
            assert_eq!(round_to_f16(*value), *expected, "{value}");
        }
    }
}
