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
}
