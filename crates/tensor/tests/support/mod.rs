//! Files of the folder beside the repository, and records made of them.
#![allow(dead_code, clippy::unwrap_used, clippy::print_stdout, reason = "helpers of tests; each uses a part")]

pub mod onnx;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use scorewheel_columns::{Batch, DataType, Field, Schema, Value};

/// The path of a file beside the repository.
pub fn shared_path(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared").join(path)
}

/// The bytes of a file beside the repository; says so where there is none.
pub fn shared(path: &str) -> Option<Vec<u8>> {
    match std::fs::read(shared_path(path)) {
        Ok(bytes) => Some(bytes),
        Err(_) => {
            println!("skipped: {path} not found");
            None
        }
    }
}

/// All rows of the wine data, as records of eleven doubles and their data type.
pub fn wine() -> Option<Batch> {
    let text = String::from_utf8(shared("data/wine/winequality_red.csv")?).unwrap();
    let names = [
        "fixed_acidity",
        "volatile_acidity",
        "citric_acid",
        "residual_sugar",
        "chlorides",
        "free_sulfur_dioxide",
        "total_sulfur_dioxide",
        "density",
        "pH",
        "sulphates",
        "alcohol",
    ];
    let mut fields: Vec<Field> = names.iter().map(|name| Field::new(*name, DataType::F64)).collect();
    fields.push(Field::new("dataType", DataType::Text));
    let mut batch = Batch::new(Arc::new(Schema::new(fields).unwrap()));
    for line in text.lines() {
        let numbers = line.split(';').take(11).map(|number| Value::F64(number.parse().unwrap()));
        batch.push_row(&numbers.chain([Value::from("wine")]).collect::<Vec<_>>());
    }
    Some(batch)
}

/// The numbers of a reference file, one row a record, without the row number.
pub fn reference(name: &str) -> Option<Vec<Vec<f64>>> {
    let text = String::from_utf8(shared(&format!("data/wine/reference/{name}"))?).unwrap();
    let row = |line: &str| line.split(',').skip(1).map(|number| number.parse().unwrap()).collect();
    Some(text.lines().skip(1).map(row).collect())
}

/// Equal within a tolerance, absolute or relative.
pub fn near(a: f64, b: f64, tolerance: f64) -> bool {
    (a.is_nan() && b.is_nan()) || a == b || (a - b).abs() <= tolerance * 1.0f64.max(a.abs()).max(b.abs())
}

/// The files of a folder beside the repository, with their paths within it; `None` where there is none.
pub fn folder(path: &str) -> Option<Vec<(String, Vec<u8>)>> {
    fn walk(root: &Path, folder: &Path, files: &mut Vec<(String, Vec<u8>)>) {
        let mut entries: Vec<PathBuf> =
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        entries.sort();
        for path in entries {
            if path.is_dir() {
                walk(root, &path, files);
            } else {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                files.push((name, std::fs::read(&path).unwrap()));
            }
        }
    }
    let root = shared_path(path);
    if !root.is_dir() {
        println!("skipped: {path} not found");
        return None;
    }
    let mut files = Vec::new();
    walk(&root, &root, &mut files);
    Some(files)
}

/// A folder beside the repository as one archive.
pub fn packed_folder(path: &str) -> Option<Vec<u8>> {
    let files = folder(path)?;
    Some(scorewheel_tensor::pack(files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice()))))
}
