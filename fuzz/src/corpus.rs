//! Where the inputs of a target come from: files of the repository that its own scripts have made, pieces made here, and
//! `fuzz/corpus/<target>`, which keeps inputs that have found a fault.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use base64::Engine as _;
use scorewheel_codecs::DataTypeDefinition;
use scorewheel_columns::Batch;
use scorewheel_demo_make::protobuf::Message;
use scorewheel_model::{Content, Digest, GoldenRow, InputMapping, Mapping, ModelDescriptor, ModelType};
use scorewheel_serving::{Cutover, Mark, RevisionId, Totals};
use scorewheel_tensor::pack;

use crate::mutate::Random;
use crate::table;
use crate::targets::records::value;

/// Files that are larger hold more of the same.
const LARGEST: u64 = 16 << 10;
/// How many files of a folder are taken.
const MOST: usize = 400;

/// Locations of every scheme, and such as are none.
const LOCATIONS: &[&str] = &[
    "file:///models/wine/forest%20of%20trees.pmml",
    "file:/models/../etc/passwd",
    "file:///models/%2e%2e/%2fetc",
    "http://models.example:8080/wine/a.onnx?version=7",
    "https://[2001:db8::1]:8443/a",
    "https://user:password@models.example/a",
    "s3://bucket/wine/key%2Bplus",
    "hdfs://cluster/models/a",
    "webhdfs://name-node:9870/models/a",
    "postgresql://db.example/models/public.models/forest",
    "kafka:big_models/0/12",
];

/// The root of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The inputs of a target, always in the same order.
#[must_use]
pub fn inputs(target: &str) -> Vec<Vec<u8>> {
    let mut inputs = files(&root().join("fuzz/corpus").join(target), &[]);
    match target {
        "descriptor" => inputs.extend(descriptors()),
        "record-protobuf" => inputs.extend(records(0)),
        "record-json" => inputs.extend(json_records()),
        "record-csv" => {
            inputs.extend(files(&root().join("demo"), &["csv"]));
            inputs.push(b"f64,text,list,tensor\n1.5,\"a,b\",\"[\"\"x\"\"]\",\"[1,2,3,4]\"\n,,,\n".to_vec());
        }
        "location" => inputs.extend(LOCATIONS.iter().map(|text| text.as_bytes().to_vec())),
        "record-line" => inputs.extend(lines()),
        "pmml" => {
            inputs.extend(files(&root().join("demo/models"), &["pmml"]));
            inputs.extend(files(&root().join("../shared/pmml-suite"), &["pmml"]));
        }
        "graphdef" => {
            inputs.extend(files(&root().join("demo/models"), &["pb"]));
            inputs.extend(conformance("tensorflow"));
            inputs.extend(conformance("graphdef"));
        }
        "onnx" => {
            inputs.extend(files(&root().join("demo/models"), &["onnx"]));
            inputs.extend(conformance("onnx"));
            inputs.extend(files(&root().join("../shared/tensor-suite"), &["onnx"]));
        }
        "saved-model" => inputs.extend(archives()),
        "tensor-bundle" => inputs.extend(bundles()),
        "xgboost" => inputs.extend(files(&root().join("crates/tensor/tests/boosters"), &["json", "ubj"])),
        "lightgbm" => inputs.extend(files(&root().join("crates/tensor/tests/boosters"), &["txt"])),
        "changelog" => inputs.extend(state()),
        "offset-metadata" => {
            let digest = Digest::of(b"model");
            for revision in
                [RevisionId { control: -1, set: None }, RevisionId { control: 7, set: Some(digest) }]
            {
                let message = revision.set;
                inputs.push(Mark { revision, message }.encode().into_bytes());
            }
        }
        "journal" => inputs
            .extend([&b"\x05\x00\x01"[..], b"\x40\x00\x00", b"\xff\x01\x80\x10\x00\xff"].map(<[u8]>::to_vec)),
        "configuration" => inputs.extend(configurations()),
        _ => {}
    }
    inputs
}

/// Small files of a folder with one of these extensions, or all; at most [`MOST`], evenly from the whole folder.
fn files(folder: &Path, extensions: &[&str]) -> Vec<Vec<u8>> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| {
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        let wanted = extensions.is_empty() || extensions.contains(&extension);
        wanted && path.metadata().is_ok_and(|data| data.is_file() && data.len() <= LARGEST)
    });
    paths.sort();
    let step = paths.len().div_ceil(MOST).max(1);
    paths.iter().step_by(step).filter_map(|path| fs::read(path).ok()).collect()
}

/// Small models of this format with which the tensor crate is held against libraries, evenly from all families.
fn conformance(format: &str) -> Vec<Vec<u8>> {
    let folder = root().join("crates/tensor/tests/conformance");
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    paths.sort();
    let texts: Vec<String> = paths.iter().filter_map(|path| fs::read_to_string(path).ok()).collect();
    let cases = texts.iter().flat_map(|text| text.lines()).filter_map(|line| {
        let case: serde_json::Value = serde_json::from_str(line).ok()?;
        let packed = case["model"].as_str().filter(|_| case["format"] == format)?;
        let packed = base64::engine::general_purpose::STANDARD.decode(packed).ok()?;
        miniz_oxide::inflate::decompress_to_vec_zlib(&packed).ok()
    });
    let models: Vec<Vec<u8>> = cases.filter(|model| model.len() as u64 <= LARGEST).collect();
    // Evenly from all of them.
    let most = models.len().min(MOST / 4);
    (0..most).map(|index| models[index * models.len() / most].clone()).collect()
}

fn descriptors() -> Vec<Vec<u8>> {
    let whole = ModelDescriptor {
        name: "model".into(),
        description: "of the corpus".into(),
        data_type: "wine".into(),
        model_type: ModelType::Pmml,
        content: Content::Data(b"<PMML/>"[..].into()),
        version: Some("1.0".into()),
        effective_from: Some(1_700_000_000_000),
        sha256: Some(Digest::of(b"<PMML/>")),
        mapping: Mapping {
            inputs: vec![InputMapping { input: "x".into(), fields: vec!["a".into(), "b".into()] }],
            ..Mapping::default()
        },
        golden_rows: vec![GoldenRow {
            record: "{\"a\":1}".into(),
            expected: "{\"y\":2}".into(),
            tolerance: 1e-9,
        }],
    };
    let elsewhere = ModelDescriptor {
        content: Content::Location("s3://models/1".into()),
        model_type: ModelType::Onnx,
        version: None,
        sha256: None,
        golden_rows: Vec::new(),
        ..whole.clone()
    };
    [whole, elsewhere].iter().map(|descriptor| descriptor.encode(Default::default())).collect()
}

/// Records of a type with values at random, encoded by its codec.
fn of_type(definition: &DataTypeDefinition) -> Vec<Vec<u8>> {
    let mut random = Random::new(1);
    let mut found = Vec::new();
    for _ in 0..10 {
        let schema = definition.schema();
        let mut batch = Batch::new(schema.clone());
        let row: Vec<_> =
            schema.fields().iter().map(|field| value(&field.data_type, random.bits() >> 3)).collect();
        batch.push_row(&row);
        let mut bytes = Vec::new();
        if definition.encoder().encode(&batch, 0, &mut bytes).is_ok() {
            found.push(bytes);
        }
    }
    found
}

fn records(which: usize) -> Vec<Vec<u8>> {
    crate::targets::records::TYPES[which..2].iter().flat_map(of_type).collect()
}

fn json_records() -> Vec<Vec<u8>> {
    let mut found = of_type(&crate::targets::records::TYPES[2]);
    found.push(
        br#"{"f64": 1.5e-3, "f32": 2, "i64": -7, "bool": true, "text": "a\u00e9\n", "date": "2024-02-29",
 "time": "12:00:01.5", "datetime": "2024-02-29T12:00:00Z", "list": ["a", "b"], "tensor": [[1, 2], [3, 4]]}"#
            .to_vec(),
    );
    found.push(
        br#"{"dataType":"wine","fixed acidity":7.4,"pH":"3.51","alcohol":null,"other":{"a":[1]}}"#.to_vec(),
    );
    found
}

fn lines() -> Vec<Vec<u8>> {
    let lines = [
        r#"{"key": "a", "value": {"alcohol": 9.4}, "headers": {"scorewheel-data-type": "wine"}, "timestamp": 17}"#,
        r#"{"keyBase64": "/w==", "valueBase64": "AAEC", "partition": 1, "headers": [["a", "b"], ["a", null]]}"#,
        "{\"value\": null}\n\n{\"value\": \"text\", \"headers\": {\"a\": {\"base64\": \"/w==\"}}}\n",
    ];
    lines.iter().map(|line| line.as_bytes().to_vec()).collect()
}

/// A SavedModel with one variable: `y = x · w`.
#[derive(Debug)]
pub struct SavedModel {
    /// `saved_model.pb`.
    pub graph: Vec<u8>,
    /// The content of the block of data of `variables.index`.
    pub block: Vec<u8>,
    /// `variables.data-00000-of-00001`.
    pub values: Vec<u8>,
}

/// The one that damage is done to.
pub fn saved_model() -> &'static SavedModel {
    static MODEL: LazyLock<SavedModel> = LazyLock::new(make_saved_model);
    &MODEL
}

const FLOAT: u64 = 1;

fn make_saved_model() -> SavedModel {
    let attribute = |name: &str, value: Message| Message::new().bytes(1, name).message(2, value);
    let data_type = |name: &str, data_type: u64| attribute(name, Message::new().number(6, data_type));
    let shape = |sizes: &[i64]| {
        sizes.iter().fold(Message::new(), |shape, size| {
            shape.message(2, Message::new().number(1, size.cast_unsigned()))
        })
    };
    let node = |name: &str, operator: &str, inputs: &[&str]| {
        let node = Message::new().bytes(1, name).bytes(2, operator);
        inputs.iter().fold(node, |node, input| node.bytes(3, input))
    };
    let placeholder = node("x", "Placeholder", &[])
        .message(5, data_type("dtype", FLOAT))
        .message(5, attribute("shape", Message::new().message(7, shape(&[-1, 2]))));
    let variable = node("w", "VarHandleOp", &[])
        .message(5, data_type("dtype", FLOAT))
        .message(5, attribute("shape", Message::new().message(7, shape(&[2, 1]))))
        .message(5, attribute("shared_name", Message::new().bytes(2, "w")));
    let read = node("w/Read", "ReadVariableOp", &["w"]).message(5, data_type("dtype", FLOAT));
    let product = node("y", "MatMul", &["x", "w/Read"]).message(5, data_type("T", FLOAT));
    let graph = [placeholder, variable, read, product]
        .into_iter()
        .fold(Message::new(), |graph, node| graph.message(1, node));
    let tensor = |name: &str, sizes: &[i64]| {
        let info = Message::new().bytes(1, format!("{name}:0")).number(2, FLOAT).message(3, shape(sizes));
        Message::new().bytes(1, name).message(2, info)
    };
    let definition = Message::new()
        .message(1, tensor("x", &[-1, 2]))
        .message(2, tensor("y", &[-1, 1]))
        .bytes(3, "tensorflow/serving/predict");
    let signature = Message::new().bytes(1, "serving_default").message(2, definition);
    let meta = Message::new()
        .message(1, Message::new().bytes(4, "serve").bytes(5, "2.15.0"))
        .message(2, graph)
        .message(5, signature);
    let values: Vec<u8> = [0.5_f32, -2.0].iter().flat_map(|value| value.to_le_bytes()).collect();
    let mut entry = Message::new()
        .number(1, FLOAT)
        .message(2, shape(&[2, 1]))
        .number(5, values.len() as u64)
        .into_bytes();
    // Field 6, four bytes: the checksum.
    entry.push(6 << 3 | 5);
    entry.extend_from_slice(&table::tensor_checksum(&values));
    let header = Message::new().number(1, 1).into_bytes();
    SavedModel {
        graph: Message::new().number(1, 1).message(2, meta).into_bytes(),
        block: table::block(&[(b"", &header), (b"w", &entry)]),
        values,
    }
}

/// The whole SavedModel as an archive.
#[must_use]
pub fn packed_saved_model() -> Vec<u8> {
    let model = saved_model();
    let index = table::table(&model.block);
    let files = [
        ("saved_model.pb", &*model.graph),
        ("variables/variables.index", &*index),
        ("variables/variables.data-00000-of-00001", &*model.values),
    ];
    pack(files)
}

/// An archive of the kind that `zip -0` makes, with one stored file.
fn zip(name: &str, bytes: &[u8]) -> Vec<u8> {
    let size = u32::try_from(bytes.len()).unwrap_or(0).to_le_bytes();
    let length = u16::try_from(name.len()).unwrap_or(0).to_le_bytes();
    let checksum = crc32(bytes).to_le_bytes();
    let common = [&[20, 0, 0, 0, 0, 0, 0, 0, 0, 0][..], &checksum, &size, &size, &length, &[0, 0]].concat();
    let mut archive = [b"PK\x03\x04", &*common, name.as_bytes(), bytes].concat();
    let start = u32::try_from(archive.len()).unwrap_or(0).to_le_bytes();
    let directory = [&b"PK\x01\x02\x14\x00"[..], &common, &[0; 10], &[0; 4], name.as_bytes()].concat();
    archive.extend_from_slice(&directory);
    let size = u32::try_from(directory.len()).unwrap_or(0).to_le_bytes();
    archive.extend_from_slice(&[&b"PK\x05\x06\0\0\0\0\x01\0\x01\0"[..], &size, &start, &[0, 0]].concat());
    archive
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut state = u32::MAX;
    for byte in bytes {
        state ^= u32::from(*byte);
        for _ in 0..8 {
            state = if state & 1 == 1 { state >> 1 ^ 0xedb8_8320 } else { state >> 1 };
        }
    }
    !state
}

/// A gzip file whose content is stored, not compressed.
fn gzip(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
    let mut file = b"\x1f\x8b\x08\0\0\0\0\0\0\xff\x01".to_vec();
    file.extend_from_slice(&length.to_le_bytes());
    file.extend_from_slice(&(!length).to_le_bytes());
    file.extend_from_slice(&bytes[..usize::from(length)]);
    file.extend_from_slice(&crc32(&bytes[..usize::from(length)]).to_le_bytes());
    file.extend_from_slice(&u32::from(length).to_le_bytes());
    file
}

fn archives() -> Vec<Vec<u8>> {
    let model = saved_model();
    let tar = packed_saved_model();
    vec![model.graph.clone(), gzip(&tar), tar, zip("saved_model.pb", &model.graph)]
}

fn bundles() -> Vec<Vec<u8>> {
    let model = saved_model();
    vec![
        [&[0], &*table::table(&model.block)].concat(),
        [&[1], &*model.block].concat(),
        [&[2], &*model.values].concat(),
    ]
}

fn state() -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    found.push([&b"t"[..], &Totals::default().encode()].concat());
    found.push(Totals { paused: vec![("wine".into(), 7)], ..Totals::default() }.encode());
    let revision = RevisionId { control: 7, set: Some(Digest::of(b"model")) };
    found.push(Cutover::new("models_data", 3, 17, revision, None).value());
    found.push(
        br#"{"offset":7,"dataType":"wine","name":"m","version":"@7","kind":"malformed","reason":"r","instance":"i"}"#
            .to_vec(),
    );
    let mut empty = Vec::new();
    scorewheel_scoring::model_store::ModelState::default().encode(&mut empty);
    found.push(empty);
    found
}

fn configurations() -> Vec<Vec<u8>> {
    let texts = [
        "[application]\nid = \"tasting\"\n[kafka]\nbrokers = \"broker-1:9092\"\n[kafka.settings]\n\"sasl.username\" = \"a\"\n\
         [commit]\ninterval = \"10ms\"\n[memory]\nfetch = \"16MiB\"\n",
        "[topics]\npartitions = 6\ncreate = \"all\"\n[[data_types]]\nname = \"fruit\"\ncodec = \"json\"\nschema = \"a.proto\"\n",
        "$ KAFKA_BROKERS_LIST=a:1,b:2\n$ SCOREWHEEL__HTTP__LISTEN=127.0.0.1:0\n$ SCOREWHEEL__KAFKA__SETTINGS__SASL_USERNAME=a\n",
        "- engine.threads=4\n- scoring.no_model=drop\n- comit.interval=1s\n[log]\nlevel = \"info\"\n",
    ];
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use scorewheel_model::{Format, Limits};
    use scorewheel_tensor::ArchiveFormat;

    #[test]
    fn models_of_the_conformance_tests_are_among_the_inputs() {
        assert!(conformance("onnx").len() > 50 && conformance("tensorflow").len() > 20);
        assert!(!conformance("graphdef").is_empty());
    }

    #[test]
    fn the_saved_model_loads_in_each_kind_of_archive() {
        let tar = packed_saved_model();
        for archive in [gzip(&tar), tar] {
            let loaded = ArchiveFormat.load(&archive, &Mapping::default(), &Limits::default());
            assert_eq!(loaded.map(|model| model.inputs().len()).map_err(|error| error.to_string()), Ok(1));
        }
        // Without its variables it is refused, but the archive has been read.
        let zip = zip("saved_model.pb", &saved_model().graph);
        let refused = ArchiveFormat.load(&zip, &Mapping::default(), &Limits::default());
        let reason =
            refused.map(drop).map_err(|error| error.to_string()).expect_err("there are no variables");
        assert!(reason.contains("variables.index"), "{reason}");
    }
}
