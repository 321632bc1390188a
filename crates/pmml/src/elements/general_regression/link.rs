//! Inverses of link functions.

use crate::functions::statistics;

closed_list! {
    /// How the sum is linked to the mean.
    pub enum Link {
        Cloglog = "cloglog",
        Identity = "identity",
        Log = "log",
        Logc = "logc",
        Logit = "logit",
        Loglog = "loglog",
        Negbin = "negbin",
        OddsPower = "oddspower",
        Power = "power",
        Probit = "probit",
        /// Of cumulative links only; as a link of means it is not one of the standard.
        Cauchit = "cauchit",
    }
}

closed_list! {
    /// How the sum is linked to a cumulative probability.
    pub enum CumulativeLink {
        Logit = "logit",
        Probit = "probit",
        Cloglog = "cloglog",
        Loglog = "loglog",
        Cauchit = "cauchit",
    }
}

impl CumulativeLink {
    /// The same among all links.
    #[must_use]
    pub fn link(self) -> Link {
        match self {
            Self::Logit => Link::Logit,
            Self::Probit => Link::Probit,
            Self::Cloglog => Link::Cloglog,
            Self::Loglog => Link::Loglog,
            Self::Cauchit => Link::Cauchit,
        }
    }
}

impl Link {
    /// The mean of a sum. `parameter` is the link's, of the negative binomial link the distribution's.
    #[must_use]
    pub fn inverse(self, sum: f64, parameter: f64) -> f64 {
        match self {
            Self::Cloglog => 1.0 - libm::exp(-libm::exp(sum)),
            Self::Identity => sum,
            Self::Log => libm::exp(sum),
            Self::Logc => 1.0 - libm::exp(sum),
            Self::Logit => 1.0 / (1.0 + libm::exp(-sum)),
            Self::Loglog => libm::exp(-libm::exp(-sum)),
            Self::Negbin => 1.0 / (parameter * (libm::exp(-sum) - 1.0)),
            Self::OddsPower if parameter == 0.0 => 1.0 / (1.0 + libm::exp(-sum)),
            Self::OddsPower => 1.0 / (1.0 + libm::pow(1.0 + parameter * sum, -1.0 / parameter)),
            Self::Power if parameter == 0.0 => libm::exp(sum),
            Self::Power => libm::pow(sum, 1.0 / parameter),
            Self::Probit => statistics::distribution(sum),
            Self::Cauchit => 0.5 + libm::atan(sum) / std::f64::consts::PI,
        }
    }

    /// How fast the mean moves with the sum.
    #[must_use]
    pub fn slope(self, sum: f64, parameter: f64) -> f64 {
        let mean = self.inverse(sum, parameter);
        match self {
            Self::Identity => 1.0,
            Self::Cloglog => libm::exp(sum - libm::exp(sum)),
            Self::Log => mean,
            Self::Logc => mean - 1.0,
            Self::Logit => mean * (1.0 - mean),
            Self::Loglog => libm::exp(-sum) * mean,
            Self::Negbin => mean * (1.0 + parameter * mean),
            Self::OddsPower => mean * (1.0 - mean) / (1.0 + parameter * sum),
            Self::Power if parameter == 0.0 => mean,
            Self::Power => mean / (parameter * sum),
            Self::Probit => statistics::density(sum),
            Self::Cauchit => 1.0 / (std::f64::consts::PI * (1.0 + sum * sum)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slopes_are_those_of_the_inverse() {
        for (link, parameter) in [
            (Link::Cloglog, 1.0),
            (Link::Identity, 1.0),
            (Link::Log, 1.0),
            (Link::Logc, 1.0),
            (Link::Logit, 1.0),
            (Link::Loglog, 1.0),
            (Link::Negbin, 2.0),
            (Link::OddsPower, 0.5),
            (Link::OddsPower, 0.0),
            (Link::Power, 3.0),
            (Link::Power, 0.0),
            (Link::Probit, 1.0),
            (Link::Cauchit, 1.0),
        ] {
            for sum in [-0.7, 0.4, 1.3] {
                if link == Link::Power && sum < 0.0 {
                    continue;
                }
                let step = 1e-6;
                let rise = link.inverse(sum + step, parameter) - link.inverse(sum - step, parameter);
                let slope = link.slope(sum, parameter);
                assert!(
                    (rise / (2.0 * step) - slope).abs() < 1e-6 * slope.abs().max(1.0),
                    "{link:?} at {sum}: {slope}"
                );
            }
        }
    }
}
