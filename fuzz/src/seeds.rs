//! `seeds TARGET FOLDER`: writes the corpus of a target, one file an input.

use std::path::Path;

use scorewheel_fuzz::{corpus, targets};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [target, folder] = arguments.as_slice() else { return Err("write: seeds TARGET FOLDER".into()) };
    let target =
        targets::find(target).ok_or_else(|| format!("{target:?} is none of {}", targets::names()))?;
    for (number, input) in corpus::inputs(target.name).iter().enumerate() {
        std::fs::write(Path::new(folder).join(format!("seed-{number:04}")), input)?;
    }
    Ok(())
}
