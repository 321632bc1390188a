//! Transcendental functions of f32 without branches.
//!
//! The compiler turns loops over them into vector code of any width, and the bits are the same in every lane, on
//! every machine: only additions, multiplications, divisions and moves of bits, none of them fused. The
//! coefficients are least-maximum fits of our own; each function is within 3 ulp of the exact value over its range
//! (the tests hold it against f64). The functions of f64 are those of the crate `libm`.

/// e^x.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    // 1.5 · 2^23: adding it leaves the nearest whole number in the low bits of the sum.
    const SHIFT: f32 = 12_582_912.0;
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    let clamped = if x > 89.0 { 89.0 } else { x };
    let clamped = if clamped < -104.0 { -104.0 } else { clamped };
    let shifted = clamped * std::f32::consts::LOG2_E + SHIFT;
    let whole = shifted - SHIFT;
    let r = clamped - whole * LN2_HIGH - whole * LN2_LOW;
    let mut q = 1.395_049_2e-3;
    q = q * r + 8.368_89e-3;
    q = q * r + 4.166_620_6e-2;
    q = q * r + 0.166_665_18;
    q = q * r + 0.5;
    let fraction = q * (r * r) + r + 1.0;
    // 2^whole in two factors, so that neither leaves the range of normal numbers.
    let n = (shifted.to_bits() as i32).wrapping_sub(SHIFT.to_bits() as i32);
    let half = n >> 1;
    let first = f32::from_bits(((half.wrapping_add(127)) as u32) << 23);
    let second = f32::from_bits((n.wrapping_sub(half).wrapping_add(127) as u32) << 23);
    fraction * first * second
}

/// 1 / (1 + e^-x).
#[inline(always)]
pub(crate) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// The hyperbolic tangent.
#[inline(always)]
pub(crate) fn tanh(x: f32) -> f32 {
    let magnitude = x.abs();
    let z = x * x;
    let mut q = -5.717_045e-3;
    q = q * z + 2.065_058_8e-2;
    q = q * z - 5.374_349_7e-2;
    q = q * z + 0.133_314_91;
    q = q * z - 0.333_332_84;
    let small = q * z * x + x;
    let large = 1.0 - 2.0 / (exp(2.0 * magnitude) + 1.0);
    let large = large.copysign(x);
    if magnitude < 0.625 { small } else { large }
}

/// The error function.
#[inline(always)]
pub(crate) fn erf(x: f32) -> f32 {
    let magnitude = x.abs();
    let z = x * x;
    let mut p = 7.889_123e-5;
    p = p * z - 8.020_842e-4;
    p = p * z + 5.189_535_7e-3;
    p = p * z - 2.685_444_4e-2;
    p = p * z + 0.112_836;
    p = p * z - 0.376_126_26;
    p = p * z + std::f32::consts::FRAC_2_SQRT_PI;
    let small = p * x;
    let clamped = if magnitude > 4.0 { 4.0 } else { magnitude };
    let mut q = 1.855_740_3e-4;
    q = q * clamped - 2.939_607_5e-3;
    q = q * clamped + 2.180_531_8e-2;
    q = q * clamped - 0.103_037_37;
    q = q * clamped + 0.361_774_33;
    q = q * clamped - 1.127_04;
    q = q * clamped - 3.537_193e-4;
    let large = 1.0 - exp(q - clamped * clamped);
    let large = if magnitude > 4.0 { 1.0 } else { large };
    let large = large.copysign(x);
    let result = if magnitude < 1.0 { small } else { large };
    if x.is_nan() { x } else { result }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Largest error in units of the exact result's last place, over floats that lie evenly among the bit patterns.
    fn worst(function: fn(f32) -> f32, exact: fn(f64) -> f64, low: f32, high: f32) -> f64 {
        let mut worst = 0.0f64;
        let steps = 400_000;
        for step in 0..=steps {
            let x = low + (high - low) * (step as f32 / steps as f32);
            let expected = exact(f64::from(x));
            let ulp = f64::from((expected as f32).abs().next_up()) - f64::from((expected as f32).abs());
            let error = (f64::from(function(x)) - expected).abs() / ulp;
            worst = worst.max(error);
        }
        worst
    }

    #[test]
    fn close_to_the_exact_functions() {
        assert!(worst(exp, libm::exp, -87.0, 88.7) < 2.0, "{}", worst(exp, libm::exp, -87.0, 88.7));
        assert!(worst(tanh, libm::tanh, -9.0, 9.0) < 3.0, "{}", worst(tanh, libm::tanh, -9.0, 9.0));
        assert!(worst(erf, libm::erf, -4.5, 4.5) < 3.0, "{}", worst(erf, libm::erf, -4.5, 4.5));
        let exact = |x: f64| 1.0 / (1.0 + libm::exp(-x));
        assert!(worst(sigmoid, exact, -80.0, 30.0) < 3.0, "{}", worst(sigmoid, exact, -80.0, 30.0));
    }

    #[test]
    fn ends_of_the_range() {
        assert_eq!(exp(f32::NEG_INFINITY), 0.0);
        assert_eq!(exp(f32::INFINITY), f32::INFINITY);
        assert_eq!(exp(0.0), 1.0);
        assert_eq!((tanh(f32::INFINITY), tanh(f32::NEG_INFINITY), tanh(0.0)), (1.0, -1.0, 0.0));
        assert_eq!((erf(f32::INFINITY), erf(f32::NEG_INFINITY), erf(0.0)), (1.0, -1.0, 0.0));
        assert_eq!((sigmoid(f32::INFINITY), sigmoid(f32::NEG_INFINITY)), (1.0, 0.0));
        for function in [exp, tanh, erf, sigmoid] {
            assert!(function(f32::NAN).is_nan());
        }
    }
}
