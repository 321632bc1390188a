//! Which operators compute each row alone, so that rows can go through them together.
//!
//! A row is what stands at one index of the first dimension. The judgement here is about operators and attributes;
//! [`crate::engine::blocks`] sees to it that every value has rows in its first dimension and nothing else of their
//! number.

use crate::engine::trace::Traced;
use crate::graph::{Domain, Node};

/// Element by element; operands are broadcast.
const EACH: &[&str] = &[
    "Abs",
    "Acos",
    "Acosh",
    "Add",
    "AddV2",
    "And",
    "AsString",
    "Asin",
    "Asinh",
    "Atan",
    "Atanh",
    "BiasAdd",
    "Bucketize",
    "Cast",
    "Ceil",
    "Celu",
    "Clip",
    "ClipByValue",
    "Cos",
    "Cosh",
    "Div",
    "DivNoNan",
    "Elu",
    "Equal",
    "Erf",
    "Exp",
    "Expm1",
    "Floor",
    "FloorDiv",
    "FloorMod",
    "Gelu",
    "Greater",
    "GreaterEqual",
    "GreaterOrEqual",
    "HardSigmoid",
    "HardSwish",
    "IsFinite",
    "IsInf",
    "IsNaN",
    "IsNan",
    "LeakyRelu",
    "Less",
    "LessEqual",
    "LessOrEqual",
    "Log",
    "Log1p",
    "LogicalAnd",
    "LogicalNot",
    "LogicalOr",
    "LookupTableFindV2",
    "Max",
    "Maximum",
    "Mean",
    "Min",
    "Minimum",
    "Mish",
    "Mod",
    "Mul",
    "Neg",
    "Not",
    "NotEqual",
    "Or",
    "PRelu",
    "Pow",
    "RealDiv",
    "Reciprocal",
    "RegexReplace",
    "Relu",
    "Relu6",
    "Round",
    "Rsqrt",
    "Select",
    "SelectV2",
    "Selu",
    "Shrink",
    "Sigmoid",
    "Sign",
    "Sin",
    "Sinh",
    "Softplus",
    "Softsign",
    "Sqrt",
    "Square",
    "SquaredDifference",
    "StaticRegexReplace",
    "StringLength",
    "StringLower",
    "StringStrip",
    "StringToHashBucketFast",
    "StringToHashBucketStrong",
    "StringUpper",
    "Sub",
    "Sum",
    "Swish",
    "Tan",
    "Tanh",
    "ThresholdedRelu",
    "Where",
    "Xor",
];

/// Of `ai.onnx.ml`, and what stands around it: rows in, rows out, or a shape that gives them away.
const ROWS: &[&str] = &[
    "ArgMax",
    "ArgMin",
    "Expand",
    "Gather",
    "OneHot",
    "ReduceL1",
    "ReduceL2",
    "ReduceLogSum",
    "ReduceLogSumExp",
    "ReduceMax",
    "ReduceMean",
    "ReduceMin",
    "ReduceProd",
    "ReduceSum",
    "ReduceSumSquare",
    "StringNormalizer",
    "TfIdfVectorizer",
    "Tile",
    "TopK",
    "Transpose",
];

/// True for operators of TensorFlow that compute each element alone.
pub(crate) fn by_element(operator: &str) -> bool {
    EACH.contains(&operator) && !matches!(operator, "Max" | "Min" | "Mean" | "Sum" | "Where")
}

/// True if each row of the node's outputs depends on the same row of its inputs alone, as long as all have rows in their
/// first dimension.
pub(crate) fn computes_rows(node: &Node, inputs: &[Option<Traced>]) -> bool {
    let ranks: Vec<usize> = inputs
        .iter()
        .filter_map(|input| match input {
            Some(Traced::Runtime(operand)) => Some(operand.tensor_type.rank()),
            _ => None,
        })
        .collect();
    let same_rank = ranks.windows(2).all(|pair| pair[0] == pair[1]);
    let Some(rank) = ranks.first().copied() else { return false };
    let constant = |index: usize| matches!(inputs.get(index), Some(Some(Traced::Constant(_)) | None));
    if matches!(node.domain, Domain::OnnxMl | Domain::Rewritten) {
        return true;
    }
    if node.domain == Domain::TensorFlow && matches!(&*node.operator, "Max" | "Min" | "Mean" | "Sum") {
        // Reductions, of which the shapes tell enough.
        return constant(1);
    }
    match &*node.operator {
        "MatMul" => rank >= 2 && constant(1) && !constant(0) || rank >= 3 && same_rank && ranks.len() == 2,
        // A summand that is no constant has the rank of the product, and so rows as well.
        "Gemm" => {
            !constant(0)
                && constant(1)
                && (constant(2) || same_rank)
                && !node.attributes.flag_or("transA", false).unwrap_or(true)
        }
        "Softmax" | "LogSoftmax" | "Hardmax" => {
            let default = if node.domain == Domain::Onnx && node.version < 13 { 1 } else { -1 };
            node.attributes.integer_or("axis", default).is_ok_and(|axis| beside_rows(axis, rank))
        }
        "Concat" => {
            same_rank && node.attributes.integer_or("axis", 0).is_ok_and(|axis| beside_rows(axis, rank))
        }
        "Slice" => steps_forward(inputs),
        "DenseBincount" => rank == 2 && same_rank,
        operator if EACH.contains(&operator) => same_rank,
        operator => ROWS.contains(&operator),
    }
}

/// True unless the axis is that of rows.
fn beside_rows(axis: i64, rank: usize) -> bool {
    axis != 0 && axis + rank as i64 != 0
}

/// A `Slice` without negative steps, which could turn the order of rows.
fn steps_forward(inputs: &[Option<Traced>]) -> bool {
    match inputs.get(4) {
        None | Some(None) => true,
        Some(Some(Traced::Constant(steps))) => steps.data.i64().iter().all(|step| *step > 0),
        Some(Some(_)) => false,
    }
}
