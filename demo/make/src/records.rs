//! Samples of a made-up wine: eleven features that hang together, and a quality.

use std::fmt::Write;

use crate::random::Random;

/// The features, in the order of the built-in data type `wine`; the names that its models use.
pub const FEATURES: [&str; 11] = [
    "fixed acidity",
    "volatile acidity",
    "citric acid",
    "residual sugar",
    "chlorides",
    "free sulfur dioxide",
    "total sulfur dioxide",
    "density",
    "pH",
    "sulphates",
    "alcohol",
];

/// Lowest quality.
pub const LOWEST: usize = 3;
/// Number of qualities.
pub const CLASSES: usize = 6;

/// One sample.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// The features, in the order of [`FEATURES`].
    pub features: [f64; 11],
    /// Quality, from [`LOWEST`] up.
    pub quality: usize,
}

/// `count` samples.
pub fn samples(random: &mut Random, count: usize) -> Vec<Sample> {
    (0..count).map(|_| sample(random)).collect()
}

fn sample(random: &mut Random) -> Sample {
    let [ripeness, care, sweetness] = [random.normal(), random.normal(), random.normal()];
    let mut noise = |scale: f64| scale * random.normal();
    let alcohol = (10.4 + 0.8 * ripeness + noise(0.5)).clamp(8.4, 14.9);
    let volatile = (0.53 - 0.09 * care + noise(0.1)).clamp(0.12, 1.6);
    let citric = (0.27 + 0.1 * care + noise(0.12)).clamp(0.0, 1.0);
    let fixed = (8.3 + 6.0 * (citric - 0.27) + noise(1.2)).clamp(4.6, 15.9);
    let sugar = (2.4 + 0.9 * sweetness + noise(0.5)).clamp(0.9, 15.5);
    let sulphates = (0.66 + 0.07 * care + noise(0.1)).clamp(0.33, 2.0);
    let free = (16.0 + 3.0 * sweetness + noise(9.0)).clamp(1.0, 72.0);
    let total = (2.2 * free + 10.0 - 6.0 * care + noise(12.0)).clamp(6.0, 289.0);
    let density = 0.9967 + 0.0004 * (sugar - 2.4) - 0.0009 * (alcohol - 10.4) + noise(0.0008);
    let acidity = 3.31 - 0.05 * (fixed - 8.3) + noise(0.1);
    let chlorides = (0.085 - 0.01 * care + noise(0.02)).clamp(0.012, 0.6);
    let features =
        [fixed, volatile, citric, sugar, chlorides, free, total, density, acidity, sulphates, alcohol]
            .map(round);
    let [_, volatile, _, _, chlorides, _, total, _, _, sulphates, alcohol] = features;
    let taste = 5.6 + 0.42 * (alcohol - 10.4) - 1.9 * (volatile - 0.53) + 2.2 * (sulphates - 0.66)
        - 0.004 * (total - 46.0)
        - 3.0 * (chlorides - 0.085);
    let spoilt = if volatile > 0.75 && alcohol < 10.0 { -0.8 } else { 0.0 };
    let quality =
        libm::round(taste + spoilt + noise(0.45)).clamp(LOWEST as f64, (LOWEST + CLASSES - 1) as f64);
    Sample { features, quality: quality as usize }
}

/// Five decimals, as a laboratory would write them.
fn round(value: f64) -> f64 {
    libm::round(value * 1e5) / 1e5
}

/// The samples as CSV: no header, `;` between the features and the quality that follows them.
#[must_use]
pub fn to_csv(samples: &[Sample]) -> String {
    let mut text = String::new();
    for sample in samples {
        for feature in &sample.features {
            let _ = write!(text, "{feature};");
        }
        let _ = writeln!(text, "{}", sample.quality);
    }
    text
}
