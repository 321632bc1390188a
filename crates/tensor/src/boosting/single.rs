//! e^x and ln x of f32, bit for bit as XGBoost has them from the C libraries of Linux (glibc since 2.27, musl).
//!
//! Both are the methods of Arm's Optimized Routines, in f64 and rounded once at the end: a table, and a short
//! polynomial for what the table leaves. The tables are 2^(i/32), and 1/c with −ln(1/c) for 16 numbers c; they and the
//! coefficients decide on the last bit, so they are those of the method.

/// 2^(i/32), rounded to the nearest f64.
const POWERS: [u64; 32] = [
    0x3ff0_0000_0000_0000,
    0x3ff0_59b0_d315_8574,
    0x3ff0_b558_6cf9_890f,
    0x3ff1_1301_d012_5b51,
    0x3ff1_72b8_3c7d_517b,
    0x3ff1_d487_3168_b9aa,
    0x3ff2_387a_6e75_6238,
    0x3ff2_9e9d_f51f_dee1,
    0x3ff3_06fe_0a31_b715,
    0x3ff3_71a7_373a_a9cb,
    0x3ff3_dea6_4c12_3422,
    0x3ff4_4e08_6061_892d,
    0x3ff4_bfda_d536_2a27,
    0x3ff5_342b_569d_4f82,
    0x3ff5_ab07_dd48_5429,
    0x3ff6_247e_b03a_5585,
    0x3ff6_a09e_667f_3bcd,
    0x3ff7_1f75_e8ec_5f74,
    0x3ff7_a114_73eb_0187,
    0x3ff8_2589_994c_ce13,
    0x3ff8_ace5_422a_a0db,
    0x3ff9_3737_b0cd_c5e5,
    0x3ff9_c491_82a3_f090,
    0x3ffa_5503_b23e_255d,
    0x3ffa_e89f_995a_d3ad,
    0x3ffb_7f76_f2fb_5e47,
    0x3ffc_199b_dd85_529c,
    0x3ffc_b720_dcef_9069,
    0x3ffd_5818_dcfb_a487,
    0x3ffd_fc97_337b_9b5f,
    0x3ffe_a4af_a2a4_90da,
    0x3fff_5076_5b6e_4540,
];

/// e^x.
pub(crate) fn exp(x: f32) -> f32 {
    // Beyond these, e^x rounds to infinity and to 0.
    if x > f32::from_bits(0x42b1_7217) {
        return f32::INFINITY;
    }
    if x < f32::from_bits(0xc2cf_f1b4) {
        return 0.0;
    }
    if x.is_nan() {
        return x;
    }
    // 1.5 · 2^52: adding it leaves the nearest whole number in the low bits of the sum.
    const SHIFT: f64 = 6_755_399_441_055_744.0;
    // Coefficients of 2^(r/32).
    const CUBE: f64 = f64::from_bits(0x3ebc_6af8_4b91_2394);
    const SQUARE: f64 = f64::from_bits(0x3f2e_bfce_50fa_c4f3);
    const LINE: f64 = f64::from_bits(0x3f96_2e42_ff0c_52d6);
    let steps = std::f64::consts::LOG2_E * 32.0 * f64::from(x);
    let shifted = steps + SHIFT;
    let whole = shifted.to_bits().wrapping_sub(SHIFT.to_bits()) as i64;
    let rest = steps - (shifted - SHIFT);
    let power = POWERS[whole.rem_euclid(32) as usize];
    let scale = f64::from_bits(power.wrapping_add((whole.div_euclid(32) << 52) as u64));
    let square = rest * rest;
    let series = (CUBE * rest + SQUARE) * square + (LINE * rest + 1.0);
    (series * scale) as f32
}

/// 1/c and ln c of numbers c in the middle of 16 parts of the range from 0.7 to 1.4.
const PARTS: [(u64, u64); 16] = [
    (0x3ff6_61ec_79f8_f3be, 0xbfd5_7bf7_808c_aade),
    (0x3ff5_71ed_4aaf_883d, 0xbfd2_bef0_a7c0_6ddb),
    (0x3ff4_9539_f0f0_10b0, 0xbfd0_1eae_7f51_3a67),
    (0x3ff3_c995_b0b8_0385, 0xbfcb_31d8_a682_24e9),
    (0x3ff3_0d19_0c88_64a5, 0xbfc6_574f_0ac0_7758),
    (0x3ff2_5e22_7b0b_8ea0, 0xbfc1_aa2b_c79c_8100),
    (0x3ff1_bb4a_4a1a_343f, 0xbfba_4e76_ce8c_0e5e),
    (0x3ff1_2358_f08a_e5ba, 0xbfb1_973c_5a61_1ccc),
    (0x3ff0_953f_4199_00a7, 0xbfa2_52f4_38e1_0c1e),
    (0x3ff0_0000_0000_0000, 0),
    (0x3fee_608c_fd9a_47ac, 0x3faa_a5aa_5df2_5984),
    (0x3fec_a4b3_1f02_6aa0, 0x3fbc_5e53_aa36_2eb4),
    (0x3feb_2036_576a_fce6, 0x3fc5_26e5_7720_db08),
    (0x3fe9_c2d1_63a1_aa2d, 0x3fcb_c286_0d22_4770),
    (0x3fe8_86e6_0378_41ed, 0x3fd1_058b_c8a0_7ee1),
    (0x3fe7_67dc_f553_4862, 0x3fd4_0430_57b6_ee09),
];

/// The natural logarithm.
pub(crate) fn ln(x: f32) -> f32 {
    if x == 1.0 || x == f32::INFINITY || x.is_nan() {
        return if x == 1.0 { 0.0 } else { x };
    }
    if x <= 0.0 {
        return if x == 0.0 { f32::NEG_INFINITY } else { f32::NAN };
    }
    // Where the range of the parts starts.
    const START: u32 = 0x3f33_0000;
    const FOURTH: f64 = f64::from_bits(0xbfd0_0ea3_48b8_8334);
    const CUBE: f64 = f64::from_bits(0x3fd5_575b_0be0_0b6a);
    const SQUARE: f64 = f64::from_bits(0xbfdf_fffe_f20a_4123);
    let bits =
        if x < f32::MIN_POSITIVE { (x * 8_388_608.0).to_bits().wrapping_sub(23 << 23) } else { x.to_bits() };
    // x = 2^exponent · z, with z in the range of the parts.
    let above = bits.wrapping_sub(START);
    let exponent = (above as i32) >> 23;
    let z = f64::from(f32::from_bits(bits.wrapping_sub(above & 0xff80_0000)));
    let (inverse, logarithm) = PARTS[(above >> 19 & 15) as usize];
    let rest = z * f64::from_bits(inverse) - 1.0;
    let start = f64::from_bits(logarithm) + f64::from(exponent) * std::f64::consts::LN_2;
    let square = rest * rest;
    let series = FOURTH * square + (CUBE * rest + SQUARE);
    (series * square + (start + rest)) as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::boosting::exponential;

    /// Answers of glibc 2.36 that are not the exact value rounded once: bits of x and of the answer.
    #[test]
    fn what_glibc_rounds_otherwise() {
        for (x, answer) in [
            (0x39a4_6167, 0x3f80_0a47),
            (0x3f21_e33d, 0x3ff0_e7c2),
            (0x41cf_2050, 0x5223_6d23),
            (0xbeb8_6e66, 0x3f32_90fc),
            (0xc0d4_836d, 0x3aab_22d5),
            (0xc2a8_89e9, 0x02ab_d9fa),
        ] {
            let (x, exact) = (f32::from_bits(x), exponential::exp(f64::from(f32::from_bits(x))) as f32);
            assert_eq!(exp(x).to_bits(), answer, "{x}");
            assert_ne!(exact.to_bits(), answer, "{x}");
        }
        for (x, answer) in [
            (0x0006_a3aa, 0xc2b4_9755),
            (0x325c_23c2, 0xc191_61c7),
            (0x3f71_8140, 0xbd6e_bf23),
            (0x3f8a_be8d, 0x3da5_1305),
            (0x40a0_6b24, 0x3fce_57aa),
            (0x5a4a_6836, 0x4214_c7bc),
        ] {
            let (x, exact) = (f32::from_bits(x), libm::log(f64::from(f32::from_bits(x))) as f32);
            assert_eq!(ln(x).to_bits(), answer, "{x}");
            assert_ne!(exact.to_bits(), answer, "{x}");
        }
    }

    #[test]
    fn the_ends_of_the_range() {
        assert_eq!(exp(0.0), 1.0);
        assert_eq!((exp(f32::INFINITY), exp(f32::NEG_INFINITY)), (f32::INFINITY, 0.0));
        assert_eq!((exp(88.73), exp(-104.0)), (f32::INFINITY, 0.0));
        assert_eq!(exp(-103.9).to_bits(), 1);
        assert_eq!((ln(0.0), ln(1.0), ln(f32::INFINITY)), (f32::NEG_INFINITY, 0.0, f32::INFINITY));
        assert!(exp(f32::NAN).is_nan() && ln(f32::NAN).is_nan() && ln(-1.0).is_nan());
    }

    #[test]
    fn within_one_step_of_the_exact_value() {
        for step in -100_000..88_000 {
            let x = step as f32 * 1e-3;
            let exact = exponential::exp(f64::from(x)) as f32;
            assert!(exp(x).to_bits().abs_diff(exact.to_bits()) <= 1, "{x}: {} {exact}", exp(x));
        }
        for bits in (1..0x7f80_0000_u32).step_by(9_973) {
            let x = f32::from_bits(bits);
            let exact = libm::log(f64::from(x)) as f32;
            assert!(ln(x).to_bits().abs_diff(exact.to_bits()) <= 1, "{x}: {} {exact}", ln(x));
        }
    }

    #[test]
    fn the_tables_are_what_they_say() {
        for (index, power) in POWERS.iter().enumerate() {
            let exact = exponential::exp(index as f64 / 32.0 * std::f64::consts::LN_2);
            assert!(power.abs_diff(exact.to_bits()) <= 1, "{index}");
        }
        for (inverse, logarithm) in PARTS {
            let exact = -libm::log(f64::from_bits(inverse));
            assert!((f64::from_bits(logarithm) - exact).abs() < 1e-16, "{inverse:x}");
        }
    }
}
