//! Names of functions and the numbers of their arguments.

use crate::compile::Compiler;
use crate::document::expression::Apply;
use crate::fault::{Fault, Result};
use crate::functions::pattern::Pattern;
use crate::plan::Expression;
use crate::reader::Choice;
use crate::value::Kind;

closed_list! {
    /// A function of the standard.
    pub enum FunctionName {
        Plus = "+",
        Minus = "-",
        Times = "*",
        Divide = "/",
        Modulo = "modulo",
        XModulo = "x-modulo",
        Min = "min",
        Max = "max",
        Sum = "sum",
        Avg = "avg",
        Median = "median",
        Product = "product",
        Log10 = "log10",
        Ln = "ln",
        Ln1p = "ln1p",
        XLn1p = "x-ln1p",
        Sqrt = "sqrt",
        Abs = "abs",
        Exp = "exp",
        Expm1 = "expm1",
        XExpm1 = "x-expm1",
        Pow = "pow",
        Threshold = "threshold",
        Floor = "floor",
        Ceil = "ceil",
        Round = "round",
        Rint = "rint",
        XRint = "x-rint",
        Hypot = "hypot",
        XHypot = "x-hypot",
        Sin = "sin",
        XSin = "x-sin",
        Asin = "asin",
        XAsin = "x-asin",
        Sinh = "sinh",
        XSinh = "x-sinh",
        Cos = "cos",
        XCos = "x-cos",
        Acos = "acos",
        XAcos = "x-acos",
        Cosh = "cosh",
        XCosh = "x-cosh",
        Tan = "tan",
        XTan = "x-tan",
        Atan = "atan",
        XAtan = "x-atan",
        Tanh = "tanh",
        XTanh = "x-tanh",
        Atan2 = "atan2",
        XAtan2 = "x-atan2",
        Erf = "erf",
        NormalCdf = "normalCDF",
        NormalPdf = "normalPDF",
        NormalIdf = "normalIDF",
        StdNormalCdf = "stdNormalCDF",
        StdNormalPdf = "stdNormalPDF",
        StdNormalIdf = "stdNormalIDF",
        IsMissing = "isMissing",
        IsNotMissing = "isNotMissing",
        IsValid = "isValid",
        IsNotValid = "isNotValid",
        Equal = "equal",
        NotEqual = "notEqual",
        LessThan = "lessThan",
        LessOrEqual = "lessOrEqual",
        GreaterThan = "greaterThan",
        GreaterOrEqual = "greaterOrEqual",
        And = "and",
        Or = "or",
        Not = "not",
        IsIn = "isIn",
        IsNotIn = "isNotIn",
        If = "if",
        Uppercase = "uppercase",
        Lowercase = "lowercase",
        StringLength = "stringLength",
        Substring = "substring",
        TrimBlanks = "trimBlanks",
        Concat = "concat",
        Replace = "replace",
        Matches = "matches",
        FormatNumber = "formatNumber",
        FormatDatetime = "formatDatetime",
        DateDaysSinceYear = "dateDaysSinceYear",
        DateSecondsSinceYear = "dateSecondsSinceYear",
        DateSecondsSinceMidnight = "dateSecondsSinceMidnight",
    }
}

impl FunctionName {
    /// How many arguments the function takes: fewest and most.
    #[must_use]
    pub fn arity(self) -> (usize, usize) {
        match self {
            // A sign is a difference from nothing in some documents.
            Self::Minus | Self::Plus => (1, 2),
            Self::Times
            | Self::Divide
            | Self::Modulo
            | Self::XModulo
            | Self::Pow
            | Self::Threshold
            | Self::Hypot
            | Self::XHypot
            | Self::Atan2
            | Self::XAtan2
            | Self::Equal
            | Self::NotEqual
            | Self::LessThan
            | Self::LessOrEqual
            | Self::GreaterThan
            | Self::GreaterOrEqual
            | Self::Matches
            | Self::FormatNumber
            | Self::FormatDatetime
            | Self::DateDaysSinceYear
            | Self::DateSecondsSinceYear => (2, 2),
            Self::Min | Self::Max | Self::Sum | Self::Avg | Self::Median | Self::Product => (1, usize::MAX),
            Self::And | Self::Or | Self::IsIn | Self::IsNotIn | Self::Concat => (2, usize::MAX),
            Self::NormalCdf | Self::NormalPdf | Self::NormalIdf | Self::Substring | Self::Replace => (3, 3),
            Self::If => (2, 3),
            _ => (1, 1),
        }
    }
}

/// A function, with what its constant arguments allow to prepare.
#[derive(Debug)]
pub struct Builtin {
    /// Which one.
    pub name: FunctionName,
    /// The regular expression, if it is constant.
    pub pattern: Option<Pattern>,
}

impl Builtin {
    /// Prepares a function; `None` if there is none of that name.
    ///
    /// # Errors
    /// A number of arguments that the function does not take, a regular expression that cannot be matched.
    pub fn compile(
        compiler: &mut Compiler<'_, '_>,
        apply: &Apply<'_>,
        arguments: &[Expression],
        offset: u32,
    ) -> Result<Option<Self>> {
        let Some(name) = FunctionName::from_word(apply.function) else { return Ok(None) };
        let (fewest, most) = name.arity();
        if arguments.len() < fewest || arguments.len() > most {
            let message =
                format!("function {:?} does not take {} arguments", apply.function, arguments.len());
            return Err(Fault::invalid(offset, message));
        }
        let pattern = match (name, arguments.get(1)) {
            (FunctionName::Matches | FunctionName::Replace, Some(Expression::Constant(Some(datum)))) => {
                let code = compiler.written(*datum);
                let text = compiler.texts.get(code).to_owned();
                let flavour = apply.extensions.iter().find(|extension| extension.name == "re_flavour");
                let pattern = Pattern::new(&text, flavour.map(|extension| extension.value));
                Some(pattern.map_err(|message| Fault::unsupported(offset, message))?)
            }
            _ => None,
        };
        Ok(Some(Self { name, pattern }))
    }

    /// True for the functions that do not evaluate all their arguments.
    #[must_use]
    pub fn is_lazy(&self) -> bool {
        matches!(self.name, FunctionName::If | FunctionName::And | FunctionName::Or)
    }

    /// Type of the results, where it is always the same.
    #[must_use]
    pub fn result_kind(&self) -> Option<Kind> {
        use FunctionName as Name;
        Some(match self.name {
            Name::IsMissing
            | Name::IsNotMissing
            | Name::IsValid
            | Name::IsNotValid
            | Name::Equal
            | Name::NotEqual
            | Name::LessThan
            | Name::LessOrEqual
            | Name::GreaterThan
            | Name::GreaterOrEqual
            | Name::And
            | Name::Or
            | Name::Not
            | Name::IsIn
            | Name::IsNotIn
            | Name::Matches => Kind::Boolean,
            Name::Uppercase
            | Name::Lowercase
            | Name::Substring
            | Name::TrimBlanks
            | Name::Concat
            | Name::Replace
            | Name::FormatNumber
            | Name::FormatDatetime => Kind::Text,
            Name::StringLength
            | Name::DateDaysSinceYear
            | Name::DateSecondsSinceYear
            | Name::DateSecondsSinceMidnight => Kind::Integer,
            Name::NormalCdf
            | Name::NormalPdf
            | Name::NormalIdf
            | Name::StdNormalCdf
            | Name::StdNormalPdf
            | Name::StdNormalIdf
            | Name::Erf
            | Name::Avg
            | Name::Median => Kind::Double,
            _ => return None,
        })
    }
}
