//! Which builder an operator has.

use std::collections::HashMap;
use std::sync::OnceLock;

use crate::graph::Domain;
use crate::operators::{Builder, binary, logic, matrix, movement, softmax, unary};

/// Operators of ONNX.
const ONNX: &[(&[&str], Builder)] = &[
    (
        &["Relu", "LeakyRelu", "ThresholdedRelu", "Elu", "Selu", "Celu", "HardSigmoid", "HardSwish"],
        unary::build,
    ),
    (&["Sigmoid", "Swish", "Tanh", "Softplus", "Softsign", "Mish", "Gelu", "Shrink"], unary::build),
    (
        &["Exp", "Log", "Sqrt", "Reciprocal", "Abs", "Neg", "Sign", "Floor", "Ceil", "Round", "Erf"],
        unary::build,
    ),
    (&["Sin", "Cos", "Tan", "Asin", "Acos", "Atan", "Sinh", "Cosh", "Asinh", "Acosh", "Atanh"], unary::build),
    (&["BitwiseNot"], unary::build),
    (&["Clip"], unary::clip_builder),
    (&["Add", "Sub", "Mul", "Div", "Pow", "Min", "Max", "Mod", "Sum", "PRelu"], binary::build),
    (&["BitwiseAnd", "BitwiseOr", "BitwiseXor", "BitShift"], binary::build),
    (&["Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual"], logic::compare),
    (&["And", "Or", "Xor"], logic::combine),
    (&["Not"], logic::not),
    (&["IsNaN", "IsInf"], logic::classify),
    (&["Where"], logic::choose),
    (&["Cast", "CastLike"], logic::cast),
    (&["MatMul"], matrix::build),
    (&["Gemm"], matrix::gemm),
    (&["Softmax", "LogSoftmax", "Hardmax"], softmax::build),
    (&["Identity"], movement::identity),
    (&["Reshape"], movement::reshape),
    (&["Flatten"], movement::flatten),
    (&["Squeeze"], movement::squeeze),
    (&["Unsqueeze"], movement::unsqueeze),
];

/// Operators of TensorFlow.
const TENSORFLOW: &[(&[&str], Builder)] = &[
    (&["Relu", "Relu6", "LeakyRelu", "Elu", "Selu", "Sigmoid", "Tanh", "Softplus", "Softsign"], unary::build),
    (&["Exp", "Expm1", "Log", "Log1p", "Sqrt", "Rsqrt", "Reciprocal", "Inv", "Square", "Abs"], unary::build),
    (&["Neg", "Sign", "Floor", "Ceil", "Round", "Rint", "Erf", "Erfc", "Invert"], unary::build),
    (&["Sin", "Cos", "Tan", "Asin", "Acos", "Atan", "Sinh", "Cosh", "Asinh", "Acosh", "Atanh"], unary::build),
    (&["ClipByValue"], unary::clip_builder),
    (&["Add", "AddV2", "Sub", "Mul", "Div", "RealDiv", "FloorDiv", "TruncateDiv", "DivNoNan"], binary::build),
    (&["Pow", "Minimum", "Maximum", "FloorMod", "Mod", "TruncateMod", "AddN"], binary::build),
    (&["SquaredDifference", "Atan2", "BitwiseAnd", "BitwiseOr", "BitwiseXor"], binary::build),
    (&["LeftShift", "RightShift"], binary::build),
    (&["Equal", "NotEqual", "Less", "LessEqual", "Greater", "GreaterEqual"], logic::compare),
    (&["LogicalAnd", "LogicalOr"], logic::combine),
    (&["LogicalNot"], logic::not),
    (&["IsNan", "IsInf", "IsFinite"], logic::classify),
    (&["Select", "SelectV2"], logic::choose),
    (&["Cast"], logic::cast),
    (&["MatMul", "BatchMatMul", "BatchMatMulV2", "BatchMatMulV3"], matrix::build),
    (&["BiasAdd", "BiasAddV1"], matrix::bias_add),
    (&["Softmax", "LogSoftmax"], softmax::build),
    (
        &["Identity", "StopGradient", "PreventGradient", "Snapshot", "CheckNumerics", "EnsureShape"],
        movement::identity,
    ),
    (&["PlaceholderWithDefault"], movement::identity),
    (&["Reshape"], movement::reshape),
    (&["Squeeze"], movement::squeeze),
    (&["ExpandDims"], movement::unsqueeze),
];

/// The builder of an operator; `None` if no kernel is known.
pub(crate) fn builder(domain: Domain, operator: &str) -> Option<Builder> {
    static TABLES: OnceLock<[HashMap<&'static str, Builder>; 2]> = OnceLock::new();
    let tables = TABLES.get_or_init(|| {
        [ONNX, TENSORFLOW].map(|rows| {
            rows.iter().flat_map(|(names, builder)| names.iter().map(|name| (*name, *builder))).collect()
        })
    });
    match domain {
        Domain::Onnx => tables[0].get(operator).copied(),
        Domain::TensorFlow => tables[1].get(operator).copied(),
        Domain::OnnxMl => None,
    }
}
