//! Sums, means, extremes, normal distributions.

use scorewheel_columns::ErrorCode;

use crate::functions::FunctionName as Name;
use crate::functions::apply::Applied;
use crate::functions::arithmetic::{common, result};
use crate::value::{Datum, Kind};

/// Functions over all arguments that are there; missing if none is.
pub fn aggregate(name: Name, numbers: &[Datum]) -> Applied {
    let Some(first) = numbers.first() else { return Ok(None) };
    let kind = numbers.iter().fold(first.kind, |kind, datum| common(kind, datum.kind));
    let values = numbers.iter().map(|datum| datum.number);
    let (kind, value) = match name {
        Name::Min => (kind, values.fold(f64::INFINITY, |a, b| if b < a { b } else { a })),
        Name::Max => (kind, values.fold(f64::NEG_INFINITY, |a, b| if b > a { b } else { a })),
        Name::Sum => (kind, values.sum()),
        Name::Product => (kind, values.product()),
        Name::Avg => {
            let mean = values.sum::<f64>() / numbers.len() as f64;
            if mean.is_infinite() {
                return Err(ErrorCode::ResultNotANumber);
            }
            (Kind::Double, mean)
        }
        _ => {
            let mut sorted: Vec<f64> = values.collect();
            (Kind::Double, median(&mut sorted))
        }
    };
    result(kind, value).map(Some)
}

/// The middle number, or the mean of the middle two. Computed as the reference does: beside an infinity there is none.
#[must_use]
pub fn median(numbers: &mut [f64]) -> f64 {
    numbers.sort_by(f64::total_cmp);
    let count = numbers.len();
    match count {
        0 => f64::NAN,
        1 => numbers[0],
        _ => {
            let (lower, upper) = (numbers[count.div_ceil(2) - 1], numbers[count.div_ceil(2)]);
            let share = if count % 2 == 0 { 0.5 } else { 0.0 };
            lower + share * (upper - lower)
        }
    }
}

/// The normal distribution: density, distribution and quantile function.
pub fn normal(name: Name, arguments: &[Datum]) -> Result<Datum, ErrorCode> {
    let number = |at: usize| arguments[at].as_number().ok_or(ErrorCode::WrongType);
    let standard = matches!(name, Name::StdNormalCdf | Name::StdNormalPdf | Name::StdNormalIdf);
    let x = number(0)?;
    let (mean, deviation) = if standard { (0.0, 1.0) } else { (number(1)?, number(2)?) };
    if deviation <= 0.0 {
        return Err(ErrorCode::BadArgument);
    }
    let value = match name {
        Name::NormalPdf | Name::StdNormalPdf => density((x - mean) / deviation) / deviation,
        Name::NormalCdf | Name::StdNormalCdf => distribution((x - mean) / deviation),
        _ => {
            if !(0.0..=1.0).contains(&x) {
                return Err(ErrorCode::BadArgument);
            }
            mean + deviation * quantile(x)
        }
    };
    Ok(Datum::double(value))
}

/// Density of the standard normal distribution.
#[must_use]
pub fn density(x: f64) -> f64 {
    libm::exp(-0.5 * x * x) / (2.0 * std::f64::consts::PI).sqrt()
}

/// Distribution function of the standard normal distribution.
#[must_use]
pub fn distribution(x: f64) -> f64 {
    0.5 * libm::erfc(-x / std::f64::consts::SQRT_2)
}

/// Quantile function of the standard normal distribution.
///
/// P. J. Acklam's rational approximation, made exact to the last bits by two steps of Halley's method.
#[must_use]
pub fn quantile(p: f64) -> f64 {
    if p <= 0.0 {
        return if p == 0.0 { f64::NEG_INFINITY } else { f64::NAN };
    }
    if p >= 1.0 {
        return if p == 1.0 { f64::INFINITY } else { f64::NAN };
    }
    const A: [f64; 6] = [
        -3.969_683_028_665_376e1,
        2.209_460_984_245_205e2,
        -2.759_285_104_469_687e2,
        1.383_577_518_672_69e2,
        -3.066_479_806_614_716e1,
        2.506_628_277_459_239,
    ];
    const B: [f64; 5] = [
        -5.447_609_879_822_406e1,
        1.615_858_368_580_409e2,
        -1.556_989_798_598_866e2,
        6.680_131_188_771_972e1,
        -1.328_068_155_288_572e1,
    ];
    const C: [f64; 6] = [
        -7.784_894_002_430_293e-3,
        -3.223_964_580_411_365e-1,
        -2.400_758_277_161_838,
        -2.549_732_539_343_734,
        4.374_664_141_464_968,
        2.938_163_982_698_783,
    ];
    const D: [f64; 4] =
        [7.784_695_709_041_462e-3, 3.224_671_290_700_398e-1, 2.445_134_137_142_996, 3.754_408_661_907_416];
    const LOW: f64 = 0.024_25;
    let horner = |coefficients: &[f64], x: f64| coefficients.iter().fold(0.0, |sum, c| sum * x + c);
    let tail = |p: f64| {
        let q = (-2.0 * libm::log(p)).sqrt();
        horner(&C, q) / (horner(&D, q) * q + 1.0)
    };
    let mut x = if p < LOW {
        tail(p)
    } else if p > 1.0 - LOW {
        -tail(1.0 - p)
    } else {
        let q = p - 0.5;
        let r = q * q;
        horner(&A, r) * q / (horner(&B, r) * r + 1.0)
    };
    for _ in 0..2 {
        let error = distribution(x) - p;
        let step = error / density(x);
        x -= step / (1.0 + x * step / 2.0);
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_normal_distribution() {
        for (p, x) in [(0.975, 1.959_963_984_540_054), (0.5, 0.0), (0.001, -3.090_232_306_167_813_5)] {
            assert!((quantile(p) - x).abs() < 1e-12, "{p}");
            assert!((distribution(x) - p).abs() < 1e-14, "{p}");
        }
    }

    #[test]
    fn missing_arguments_do_not_count() {
        let numbers = [Datum::integer(3), Datum::integer(1)];
        assert_eq!(aggregate(Name::Sum, &numbers), Ok(Some(Datum::integer(4))));
        assert_eq!(aggregate(Name::Avg, &numbers), Ok(Some(Datum::double(2.0))));
        assert_eq!(aggregate(Name::Max, &[]), Ok(None));
    }
}
