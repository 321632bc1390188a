//! Signatures of requests to S3: AWS Signature Version 4, for a request without body and query.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>

use std::fmt::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

use hmac::{Hmac, KeyInit, Mac};
use scorewheel_model::Digest;
use sha2::Sha256;

/// Who signs.
pub(crate) struct Signature<'a> {
    pub access_key: &'a str,
    pub secret_key: &'a str,
    pub session_token: Option<&'a str>,
    pub region: &'a str,
}

impl Signature<'_> {
    /// The headers of a `GET` of `path`, escaped, at `host`; `time` is `YYYYMMDDTHHMMSSZ`.
    pub fn headers(&self, host: &str, path: &str, time: &str) -> Vec<(&'static str, String)> {
        let nothing = Digest::of(b"").to_string();
        let mut signed = vec![
            ("host", host.to_owned()),
            ("x-amz-content-sha256", nothing.clone()),
            ("x-amz-date", time.to_owned()),
        ];
        if let Some(token) = self.session_token {
            signed.push(("x-amz-security-token", token.to_owned()));
        }
        let names = signed.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
        let mut request = format!("GET\n{path}\n\n");
        for (name, value) in &signed {
            // Writing to a string does not fail.
            let _ = writeln!(request, "{name}:{value}");
        }
        let _ = write!(request, "\n{names}\n{nothing}");
        let day = time.get(..8).unwrap_or_default();
        let scope = format!("{day}/{}/s3/aws4_request", self.region);
        let text = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", Digest::of(request.as_bytes()));
        let mut key = format!("AWS4{}", self.secret_key).into_bytes();
        for part in [day, self.region, "s3", "aws4_request"] {
            key = keyed(&key, part.as_bytes()).to_vec();
        }
        let signature = Digest::from_bytes(keyed(&key, text.as_bytes()));
        let mut headers = signed;
        // The client writes it itself.
        headers.retain(|(name, _)| *name != "host");
        headers.push((
            "authorization",
            format!(
                "AWS4-HMAC-SHA256 Credential={}/{scope},SignedHeaders={names},Signature={signature}",
                self.access_key
            ),
        ));
        headers
    }
}

fn keyed(key: &[u8], text: &[u8]) -> [u8; 32] {
    // A key may have any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return [0; 32] };
    mac.update(text);
    mac.finalize().into_bytes().into()
}

/// A time as signatures have it, `YYYYMMDDTHHMMSSZ`.
pub(crate) fn time_of(time: SystemTime) -> String {
    let seconds = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = date_of(days);
    format!("{year:04}{month:02}{day:02}T{:02}{:02}{:02}Z", rest / 3600, rest / 60 % 60, rest % 60)
}

/// The date of a day since 1970 in the Gregorian calendar, counted in eras of 400 years that begin in March.
fn date_of(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn times() {
        for (seconds, shown) in [
            (0, "19700101T000000Z"),
            (951_782_399, "20000228T235959Z"),
            (951_782_400, "20000229T000000Z"),
            (1_369_353_600, "20130524T000000Z"),
            (4_107_542_400, "21000301T000000Z"),
        ] {
            assert_eq!(time_of(UNIX_EPOCH + Duration::from_secs(seconds)), shown);
        }
    }

    /// The documentation's example without its header `Range`, which we do not send; the signature is that of another
    /// implementation, which gives the published one for the example as it stands there.
    #[test]
    fn a_request_is_signed() {
        let signature = Signature {
            access_key: "AKIAIOSFODNN7EXAMPLE",
            secret_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            session_token: None,
            region: "us-east-1",
        };
        let headers = signature.headers("examplebucket.s3.amazonaws.com", "/test.txt", "20130524T000000Z");
        let (_, authorization) = headers.last().unwrap();
        assert_eq!(authorization, AUTHORIZATION);
        let with_token = Signature { session_token: Some("token"), ..signature };
        let headers = with_token.headers("examplebucket.s3.amazonaws.com", "/test.txt", "20130524T000000Z");
        assert!(headers.contains(&("x-amz-security-token", "token".into())));
        assert!(headers.last().unwrap().1.contains("x-amz-date;x-amz-security-token,"));
    }

    const AUTHORIZATION: &str = "AWS4-HMAC-SHA256 \
        Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,\
        SignedHeaders=host;x-amz-content-sha256;x-amz-date,\
        Signature=df548e2ce037944d03f3e68682813b093763996d597cf890ca3d9037fd231eb4";
}
