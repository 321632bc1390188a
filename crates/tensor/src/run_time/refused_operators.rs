//! Operators that no run time is handed.

use crate::error::unsupported;
use scorewheel_model::ModelError;

/// Parts of the names of TensorFlow's operators that read or write files, open sockets, run code, end the process, or
/// wait for another run.
const TENSORFLOW_PARTS: &[&str] = &[
    "File",
    "Reader",
    "Dataset",
    "Iterator",
    "Summary",
    "PyFunc",
    "Save",
    "Restore",
    "Checkpoint",
    "Send",
    "Recv",
    "Rpc",
    "RPC",
    "Remote",
    "Collective",
    "AllToAll",
    "CrossReplica",
    "Nccl",
    "TPU",
    "Tpu",
    "Xla",
    "XLA",
    "Debug",
    "Print",
    "Lmdb",
    "LMDB",
    "Gcs",
    "Bigtable",
    "BigQuery",
    "S3",
    "Worker",
    "Distributed",
    "Session",
    "ImmutableConst",
    "VocabRemapping",
    "LoadAndRemap",
    "TRTEngine",
    "Mlir",
    "Sql",
    "Socket",
    "Http",
    "Kafka",
    "Abort",
    "Host",
    "Eager",
    "Profiler",
    "Custom",
    "TfLite",
    "RecordInput",
    "DumpTensor",
    "ImportEvent",
    "CandidateSampler",
    "Skipgram",
    "Minibatch",
    "Fdo",
    "Sleep",
    "feed",
    "Queue",
    "Mutex",
    "Barrier",
    "Stage",
    "stage",
    "ThreadPool",
    "DecodeProto",
    "EncodeProto",
    "BatchFunction",
    "Unbatch",
];

/// Operators whose answers differ from run to run, by the beginnings of their names.
const TENSORFLOW_LOTS: &[&str] = &[
    "Random",
    "TruncatedNormal",
    "ParameterizedTruncatedNormal",
    "Multinomial",
    "Stateful",
    "Timestamp",
    "Rng",
    "NonDeterministic",
    "SampleDistorted",
];

/// Beginnings of names that [`TENSORFLOW_LOTS`] does not mean.
const TENSORFLOW_NO_LOTS: &[&str] = &["StatefulPartitionedCall"];

/// Operators of ONNX and of ONNX Runtime's own domain that read files, run code, or draw lots.
const ONNX: &[&str] = &[
    "Bernoulli",
    "EPContext",
    "Multinomial",
    "PyOp",
    "PythonOp",
    "PythonOpGrad",
    "RandomNormal",
    "RandomNormalLike",
    "RandomUniform",
    "RandomUniformLike",
    "Snpe",
    "TorchEmbedding",
];

/// Domains of ONNX operators that may be handed over.
const ONNX_DOMAINS: &[&str] = &["", "ai.onnx", "ai.onnx.ml", "com.microsoft", "com.microsoft.nchwc"];

/// Refuses an operator of TensorFlow, unless it is one of `allowed`.
pub(crate) fn refuse_tensorflow(operator: &str, allowed: &[&str]) -> Result<(), ModelError> {
    if allowed.contains(&operator) {
        return Ok(());
    }
    if TENSORFLOW_PARTS.iter().any(|part| operator.contains(part)) {
        return Err(unsupported(format!(
            "operator {operator:?} reaches outside the model or runs code; no run time is handed it"
        )));
    }
    let begins = |list: &[&str]| list.iter().any(|beginning| operator.starts_with(beginning));
    if begins(TENSORFLOW_LOTS) && !begins(TENSORFLOW_NO_LOTS) {
        return Err(lots(operator));
    }
    Ok(())
}

/// Refuses an operator of ONNX.
pub(crate) fn refuse_onnx(domain: &str, operator: &str) -> Result<(), ModelError> {
    if !ONNX_DOMAINS.contains(&domain) {
        return Err(unsupported(format!(
            "operator {operator:?} is of the domain {domain:?}; no run time is handed it"
        )));
    }
    if !ONNX.contains(&operator) {
        return Ok(());
    }
    if operator.starts_with("Random") || matches!(operator, "Bernoulli" | "Multinomial") {
        return Err(lots(operator));
    }
    Err(unsupported(format!(
        "operator {operator:?} reaches outside the model or runs code; no run time is handed it"
    )))
}

fn lots(operator: &str) -> ModelError {
    unsupported(format!("operator {operator:?} answers differently each time; no run time is handed it"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_reaches_outside_is_refused_and_arithmetic_is_not() {
        for operator in [
            "ReadFile",
            "WriteFile",
            "MatchingFiles",
            "WholeFileReaderV2",
            "TFRecordReaderV2",
            "TextLineDataset",
            "PyFunc",
            "EagerPyFunc",
            "SaveV2",
            "RestoreV2",
            "MergeV2Checkpoints",
            "PrintV2",
            "DebugIdentityV2",
            "_Send",
            "_HostRecv",
            "RemoteCall",
            "CreateSummaryFileWriter",
            "ImmutableConst",
            "LoadAndRemapMatrix",
            "GenerateVocabRemapping",
            "InitializeTableFromTextFileV2",
            "DataServiceDatasetV2",
            "CollectiveReduce",
            "Abort",
            "XlaLaunch",
            "TRTEngineOp",
            "RandomUniform",
            "StatefulStandardNormalV2",
            "Timestamp",
            "RecordInput",
            "DecodeProtoV2",
            "BatchFunction",
            "DumpTensor",
            "Skipgram",
            "FixedUnigramCandidateSampler",
            "QueueDequeueV2",
            "OrderedMapUnstage",
        ] {
            assert!(refuse_tensorflow(operator, &[]).is_err(), "{operator}");
        }
        assert!(refuse_tensorflow("RestoreV2", &["RestoreV2"]).is_ok());
        for operator in [
            "MatMul",
            "StatefulPartitionedCall",
            "PartitionedCall",
            "VarHandleOp",
            "ReadVariableOp",
            "TensorArrayWriteV3",
            "TensorListGetItem",
            "HashTableV2",
            "LookupTableFindV2",
            "StatelessRandomUniform",
            "NonMaxSuppressionV3",
            "Placeholder",
            "StringSplitV2",
            "MatrixInverse",
            "While",
        ] {
            assert!(refuse_tensorflow(operator, &[]).is_ok(), "{operator}");
        }
        assert!(refuse_onnx("", "MatMul").is_ok());
        assert!(refuse_onnx("com.microsoft", "CDist").is_ok());
        for (domain, operator) in
            [("com.microsoft", "EPContext"), ("ai.onnx.contrib", "ReadFile"), ("", "RandomNormal")]
        {
            assert!(refuse_onnx(domain, operator).is_err(), "{domain} {operator}");
        }
    }
}
