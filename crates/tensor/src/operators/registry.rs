//! Which builder an operator has.

use std::collections::HashMap;
use std::sync::OnceLock;

use crate::graph::Domain;
use crate::onnx::nearest_imputation;
use crate::operators::ml::{encoding, ensemble, features, linear, maps, scaling, vectors, words};
use crate::operators::{
    Builder, arrange, attention, binary, buckets, buckets_by_hash, convolution, counts, determinant, einsum,
    facts, gather, logic, matrix, ml, movement, normalisation, pooling, quantised, recurrent, reduce, resize,
    softmax, strings, unary,
};

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
    (&["Identity", "Dropout"], movement::identity),
    (&["Transpose"], arrange::transpose),
    (&["Concat"], arrange::concat),
    (&["Split"], arrange::split),
    (&["Slice"], arrange::slice),
    (&["Expand"], arrange::expand),
    (&["Tile"], arrange::tile),
    (&["Pad"], arrange::pad),
    (&["DepthToSpace", "SpaceToDepth"], arrange::blocks),
    (&["ReverseSequence"], arrange::reverse_sequence),
    (&["Trilu"], arrange::band),
    (&["Gather"], gather::gather),
    (&["GatherElements"], gather::gather_elements),
    (&["GatherND"], gather::gather_nd),
    (&["Scatter", "ScatterElements"], gather::scatter_elements),
    (&["ScatterND"], gather::scatter_nd),
    (&["OneHot"], gather::one_hot),
    (&["Compress"], gather::compress),
    (&["NonZero"], gather::non_zero),
    (&["Shape"], facts::shape),
    (&["Size"], facts::size),
    (&["ConstantOfShape"], facts::constant_of_shape),
    (&["Range"], facts::range),
    (&["EyeLike"], facts::eye_like),
    (&["Constant"], facts::constant),
    (
        &["ReduceSum", "ReduceMean", "ReduceProd", "ReduceMax", "ReduceMin", "ReduceL1", "ReduceL2"],
        reduce::build,
    ),
    (&["ReduceSumSquare", "ReduceLogSum", "ReduceLogSumExp"], reduce::build),
    (&["ArgMax", "ArgMin"], reduce::arg),
    (&["TopK"], reduce::top_k),
    (&["CumSum", "CumProd"], reduce::running),
    (&["Mean"], reduce::mean_of_inputs),
    (&["Conv"], convolution::build),
    (&["ConvTranspose"], convolution::transposed),
    (&["MaxPool", "AveragePool", "LpPool"], pooling::build),
    (&["GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool"], pooling::global),
    (&["BatchNormalization"], normalisation::batch),
    (&["LayerNormalization", "RMSNormalization"], normalisation::layer),
    (&["InstanceNormalization", "GroupNormalization"], normalisation::instance),
    (&["LpNormalization"], normalisation::unit_length),
    (&["LRN"], normalisation::local_response),
    (&["MeanVarianceNormalization"], normalisation::mean_variance),
    (&["LSTM", "GRU", "RNN"], recurrent::build),
    (&["QuantizeLinear"], quantised::quantise),
    (&["DequantizeLinear"], quantised::dequantise),
    (&["DynamicQuantizeLinear"], quantised::quantise_dynamically),
    (&["MatMulInteger"], quantised::integer_product),
    (&["QLinearMatMul"], quantised::quantised_product),
    (&["ConvInteger", "QLinearConv"], quantised::convolution),
    (&["Resize", "Upsample"], resize::build),
    (&["Einsum"], einsum::build),
    (&["Attention"], attention::build),
    (&["Det"], determinant::build),
    (&["Reshape"], movement::reshape),
    (&["Flatten"], movement::flatten),
    (&["Squeeze"], movement::squeeze),
    (&["Unsqueeze"], movement::unsqueeze),
    (&["StringNormalizer"], words::normalizer),
    (&["TfIdfVectorizer"], words::counts),
    (&["StringConcat"], words::concatenate),
];

/// Operators of `ai.onnx.ml`.
const ONNX_ML: &[(&[&str], Builder)] = &[
    (&["ArrayFeatureExtractor"], features::extractor),
    (&["Binarizer"], scaling::binarizer),
    (&["CastMap"], maps::cast),
    (&["CategoryMapper"], encoding::category_mapper),
    (&["DictVectorizer"], maps::vectorizer),
    (&["FeatureVectorizer"], features::vectorizer),
    (&["Imputer"], scaling::imputer),
    (&["LabelEncoder"], encoding::label_encoder),
    (&["LinearClassifier"], linear::classifier),
    (&["LinearRegressor"], linear::regressor),
    (&["Normalizer"], scaling::normalizer),
    (&["OneHotEncoder"], encoding::one_hot_encoder),
    (&["SVMClassifier"], vectors::classifier),
    (&["SVMRegressor"], vectors::regressor),
    (&["Scaler"], scaling::scaler),
    (&["TreeEnsemble"], ensemble::unified),
    (&["TreeEnsembleClassifier"], ensemble::classifier),
    (&["TreeEnsembleRegressor"], ensemble::regressor),
    (&["ZipMap"], encoding::zip_map),
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
    (&["Bucketize"], buckets::build),
    (&["StringToHashBucketFast", "StringToHashBucketStrong"], buckets_by_hash::build),
    (&["StringLower", "StringUpper", "StringStrip"], strings::build),
    (&["StringLength"], strings::length),
    (&["RegexReplace", "StaticRegexReplace"], strings::replace::build),
    (&["StringSplitV2"], strings::words::split),
    (&["RaggedTensorToTensor"], strings::words::rows),
    (&["RaggedBincount"], strings::words::counts),
    (&["AsString"], strings::written::build),
    (&["Bincount", "DenseBincount"], counts::build),
    (&["MatrixDiag", "MatrixDiagV2", "MatrixDiagV3"], arrange::matrix),
    (&["MatrixDeterminant"], determinant::build),
    (&["MatMul", "BatchMatMul", "BatchMatMulV2", "BatchMatMulV3"], matrix::build),
    (&["BiasAdd", "BiasAddV1"], matrix::bias_add),
    (&["Softmax", "LogSoftmax"], softmax::build),
    (
        &["Identity", "StopGradient", "PreventGradient", "Snapshot", "CheckNumerics", "EnsureShape"],
        movement::identity,
    ),
    (&["PlaceholderWithDefault"], movement::identity),
    (&["Transpose"], arrange::transpose),
    (&["Concat", "ConcatV2"], arrange::concat),
    (&["Pack"], arrange::pack),
    (&["Split", "SplitV", "Unpack"], arrange::split),
    (&["Slice"], arrange::slice),
    (&["StridedSlice"], arrange::strided_slice),
    (&["BroadcastTo"], arrange::expand),
    (&["Tile"], arrange::tile),
    (&["Pad", "PadV2", "MirrorPad"], arrange::pad),
    (&["ReverseV2"], arrange::reverse),
    (&["DepthToSpace", "SpaceToDepth"], arrange::blocks),
    (&["SpaceToBatchND", "BatchToSpaceND"], arrange::space_and_batch),
    (&["ReverseSequence"], arrange::reverse_sequence),
    (&["MatrixBandPart"], arrange::band),
    (&["Gather", "GatherV2", "ResourceGather"], gather::gather),
    (&["GatherNd"], gather::gather_nd),
    (&["ScatterNd", "TensorScatterUpdate", "TensorScatterAdd", "TensorScatterSub"], gather::scatter_nd),
    (&["TensorScatterMin", "TensorScatterMax"], gather::scatter_nd),
    (&["OneHot"], gather::one_hot),
    (&["Where"], gather::non_zero),
    (&["Shape"], facts::shape),
    (&["ShapeN"], facts::shapes),
    (&["Size"], facts::size),
    (&["Rank"], facts::rank),
    (&["Fill"], facts::fill),
    (&["ZerosLike", "OnesLike"], facts::like),
    (&["Range"], facts::range),
    (&["LinSpace"], facts::linear_space),
    (&["Sum", "Mean", "Prod", "Max", "Min", "EuclideanNorm"], reduce::build),
    (&["All", "Any"], reduce::all_or_any),
    (&["ArgMax", "ArgMin"], reduce::arg),
    (&["TopK", "TopKV2"], reduce::top_k),
    (&["Cumsum", "Cumprod"], reduce::running),
    (&["Conv2D", "Conv3D", "DepthwiseConv2dNative"], convolution::build),
    (&["Conv2DBackpropInput"], convolution::transposed),
    (&["MaxPool", "AvgPool", "MaxPool3D", "AvgPool3D"], pooling::build),
    (&["FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3"], normalisation::batch),
    (&["LRN"], normalisation::local_response),
    (&["ResizeBilinear", "ResizeNearestNeighbor", "ResizeBicubic"], resize::image),
    (&["Einsum"], einsum::build),
    (&["Reshape"], movement::reshape),
    (&["Squeeze"], movement::squeeze),
    (&["ExpandDims"], movement::unsqueeze),
];

/// What front ends make of several nodes.
const REWRITTEN: &[(&[&str], Builder)] = &[(&[nearest_imputation::COLUMN], ml::nearest_imputation::column)];

/// The builder of an operator; `None` if no kernel is known.
pub(crate) fn builder(domain: Domain, operator: &str) -> Option<Builder> {
    static TABLES: OnceLock<[HashMap<&'static str, Builder>; 4]> = OnceLock::new();
    let tables = TABLES.get_or_init(|| {
        [ONNX, TENSORFLOW, ONNX_ML, REWRITTEN].map(|rows| {
            rows.iter().flat_map(|(names, builder)| names.iter().map(|name| (*name, *builder))).collect()
        })
    });
    match domain {
        Domain::Onnx => tables[0].get(operator).copied(),
        Domain::TensorFlow => tables[1].get(operator).copied(),
        Domain::OnnxMl => tables[2].get(operator).copied(),
        Domain::Rewritten => tables[3].get(operator).copied(),
        Domain::Function | Domain::Other => None,
    }
}

/// Operators that are followed while tracing, by the domain's heading.
#[cfg(test)]
const FOLLOWED: [(&str, &[&str]); 3] = [
    (
        "ai.onnx",
        &[
            "ConcatFromSequence",
            "If",
            "Loop",
            "Scan",
            "SequenceAt",
            "SequenceConstruct",
            "SequenceEmpty",
            "SequenceErase",
            "SequenceInsert",
            "SequenceLength",
            "SequenceMap",
            "SplitToSequence",
        ],
    ),
    ("ai.onnx.ml", &[]),
    (
        "TensorFlow",
        &[
            "Const",
            "HashTableV2",
            "IdentityN",
            "If",
            "LookupTableFindV2",
            "Merge",
            "PartitionedCall",
            "Placeholder",
            "ReadVariableOp",
            "StatefulPartitionedCall",
            "StatelessIf",
            "StatelessWhile",
            "Switch",
            "EmptyTensorList",
            "Enter",
            "Exit",
            "LoopCond",
            "NextIteration",
            "TensorArrayGatherV3",
            "TensorArrayReadV3",
            "TensorArrayScatterV3",
            "TensorArraySizeV3",
            "TensorArrayV3",
            "TensorArrayWriteV3",
            "TensorListFromTensor",
            "TensorListGather",
            "TensorListGetItem",
            "TensorListLength",
            "TensorListPopBack",
            "TensorListPushBack",
            "TensorListReserve",
            "TensorListScatter",
            "TensorListScatterV2",
            "TensorListSetItem",
            "TensorListStack",
            "VarHandleOp",
            "VariableV2",
            "While",
        ],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// What exporters write and is not taken, and why.
    const NOT_TAKEN: &str = "
## Not taken

| operators | why |
|---|---|
| maps that nodes make, inputs that are lists of maps | an input that is a map has [a field for each key](runtimes.md#maps); there is no type for a map of its own |
| `com.microsoft` | operators of one run time; skl2onnx writes `Tokenizer` for text that is not split before |
| `NonZero`, `Compress`, `Unique`, `DynamicPartition` of what depends on the record, `StringNormalizer` with stop words (`KNNImputer` as skl2onnx writes it is rewritten without them) | how much they give depends on the record; every length is known when a model is installed |
| `Loop`, `Scan`, `While`, `Switch` whose number of turns or way depends on the record | only constants may steer them; an `If` on the record computes both ways |
| `StringToHashBucket` | its hash is that of the machine that trained; `StringToHashBucketFast` and `Strong` are fixed |
| sequences as inputs, sequences whose length or entry depends on the record | every length is known when a model is installed; [entries of a sequence are outputs of their own](runtimes.md#sequences) |
| patterns of `RegexReplace` with `\\B`, `\\C` or other flags than `i`, `m`, `s`, `U` | nothing here has them |
| the words of `StringSplitV2` by themselves, `StringNGrams`, `UnicodeSplit`, rows as long as the longest; so Keras's `TextVectorization` of `int` without `output_sequence_length`, with `ngrams` or `split=\"character\"` | how many words a text has depends on the record; a text of more than 1,024 words is an error of its record |
| `RotaryEmbedding`, `GridSample`, `RoiAlign`, `NonMaxSuppression`, `Attention` over keys of several lengths | not done yet |
| random numbers, files, sockets, code | never |
";

    /// The reference page of all operators.
    fn page() -> String {
        let mut page = String::from(
            "# Operators of tensor models\n\nWritten by a test of the crate `tensor` from its registry \
             (`UPDATE=1 cargo test -p scorewheel-tensor registry`).\nWhat is not listed is refused when a model is \
             installed, with the node's name.\n",
        );
        for ((heading, followed), rows) in FOLLOWED.iter().zip([ONNX, ONNX_ML, TENSORFLOW]) {
            let mut names: Vec<&str> = rows.iter().flat_map(|(names, _)| names.iter().copied()).collect();
            names.extend(followed.iter());
            names.sort_unstable();
            names.dedup();
            page.push_str(&format!("\n## {heading}: {}\n", names.len()));
            let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
            page.push_str(&names.join(", "));
            page.push('\n');
        }
        page.push_str(NOT_TAKEN);
        page
    }

    #[test]
    fn the_reference_page_lists_every_operator() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/tensor/operators.md");
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(path, page()).unwrap();
        }
        assert!(
            std::fs::read_to_string(path).is_ok_and(|found| found == page()),
            "run this test with UPDATE=1"
        );
    }
}
