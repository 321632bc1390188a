//! Numbers as `printf` writes them.

use scorewheel_model::ModelError;
use smol_str::SmolStr;

use crate::data::Data;
use crate::element::{ElementType, Storage};
use crate::error::{invalid, unsupported};

use crate::operators::{Built, Computation, NodeContext};
use crate::tensor::TensorType;
use crate::text::format_float;

/// How the digits of a number with a fraction are written.
#[derive(Clone, Copy)]
enum Digits {
    /// `%f`.
    Plain,
    /// `%e`.
    Scientific,
    /// `%g`.
    Shortest,
}

/// How a number is written.
#[derive(Clone, Copy)]
struct Form {
    digits: Digits,
    precision: Option<usize>,
    width: usize,
    /// `0` zeros before, `-` spaces behind, `+` or a space before what is not negative.
    fill: Option<char>,
}

/// Widest text and most digits that a model may ask for.
const LONGEST: i64 = 1 << 10;

/// `AsString`.
pub(crate) fn build(context: &NodeContext<'_>) -> Result<Built, ModelError> {
    let input = context.input(0)?;
    let attributes = context.attributes();
    let stated = |name: &str| -> Result<Option<usize>, ModelError> {
        let value = attributes.integer_or(name, -1)?;
        if value > LONGEST {
            return Err(unsupported(format!("{name} is {value}; {LONGEST} is the most")));
        }
        Ok(usize::try_from(value).ok())
    };
    let (scientific, shortest) =
        (attributes.flag_or("scientific", false)?, attributes.flag_or("shortest", false)?);
    let fill = attributes.text("fill")?.map_or("", |text| &**text);
    let fill = match fill.as_bytes() {
        [] => None,
        [letter @ (b'0' | b'-' | b'+' | b' ')] => Some(char::from(*letter)),
        _ => return Err(unsupported(format!("fill {fill:?}; known are \"0\", \"-\", \"+\" and a space"))),
    };
    let (precision, width) = (stated("precision")?, stated("width")?.unwrap_or(0));
    let is_float = input.element().is_float();
    if precision.is_some() && !is_float {
        return Err(invalid(format!("a precision for {}", input.element())));
    }
    let digits = match (scientific, shortest) {
        (false, false) => Digits::Plain,
        (true, false) => Digits::Scientific,
        (false, true) => Digits::Shortest,
        (true, true) => return Err(invalid("both scientific and shortest")),
    };
    // Truth values and strings are written as they are.
    if matches!(input.element().storage(), Storage::Text | Storage::Bool) && (width > 0 || fill.is_some()) {
        return Err(unsupported(format!("a width or fill for {}", input.element())));
    }
    let form = Form { digits, precision, width, fill };
    let unsigned = input.element() == ElementType::U64;
    let output = TensorType::new(ElementType::Text, input.shape());
    Ok(Computation::one(output, move |inputs, outputs, _| {
        let out = outputs[0].text_mut().iter_mut();
        match inputs[0] {
            Data::F32(values) => {
                out.zip(values).for_each(|(out, value)| *out = form.float(f64::from(*value)))
            }
            Data::F64(values) => out.zip(values).for_each(|(out, value)| *out = form.float(*value)),
            Data::I64(values) => {
                out.zip(values).for_each(|(out, value)| *out = form.integer(*value, unsigned))
            }
            Data::Bool(values) => out.zip(values).for_each(|(out, value)| {
                *out = SmolStr::new_static(if *value { "true" } else { "false" });
            }),
            Data::Text(values) => out.zip(values).for_each(|(out, value)| *out = value.clone()),
        }
        Ok(())
    }))
}

impl Form {
    fn integer(&self, value: i64, unsigned: bool) -> SmolStr {
        let negative = value < 0 && !unsigned;
        let digits = if unsigned { (value as u64).to_string() } else { value.unsigned_abs().to_string() };
        self.padded(negative, &digits, true)
    }

    fn float(&self, value: f64) -> SmolStr {
        let negative = value.is_sign_negative();
        let value = value.abs();
        if !value.is_finite() {
            return self.padded(negative, if value.is_nan() { "nan" } else { "inf" }, false);
        }
        let precision = self.precision.unwrap_or(6);
        let digits = match self.digits {
            Digits::Plain => format!("{value:.precision$}"),
            Digits::Scientific => {
                let text = format!("{value:.precision$e}");
                let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
                let (sign, exponent) = match exponent.strip_prefix('-') {
                    Some(exponent) => ('-', exponent),
                    None => ('+', exponent),
                };
                format!("{mantissa}e{sign}{exponent:0>2}")
            }
            Digits::Shortest => format_float(value, precision.max(1)).to_string(),
        };
        self.padded(negative, &digits, true)
    }

    /// A number with its sign, as wide as asked for. Zeros go only before digits.
    fn padded(&self, negative: bool, digits: &str, zeros: bool) -> SmolStr {
        let sign = match (negative, self.fill) {
            (true, _) => "-",
            (false, Some('+')) => "+",
            (false, Some(' ')) => " ",
            (false, _) => "",
        };
        let missing = self.width.saturating_sub(sign.len() + digits.len());
        match self.fill {
            Some('0') if zeros => format!("{sign}{}{digits}", "0".repeat(missing)),
            Some('-') => format!("{sign}{digits}{}", " ".repeat(missing)),
            _ => format!("{}{sign}{digits}", " ".repeat(missing)),
        }
        .into()
    }
}
