//! A stage on one thread, its models on another, and fifty swaps under load.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::{StreamExt, stream};
use scorewheel_model::TypeNumbering;
use scorewheel_serving::Answer;
use scorewheel_stage::*;
use support::common::{TextDecoder, descriptor, judge};
use support::{Feed, Output};

const SWAPS: i64 = 50;
const RECORDS: i64 = 100_000;

fn run<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().expect("a run time").block_on(future)
}

/// The score and the control offset of its model.
fn encode(answer: &Answer<'_>, _: &Record<i64>) -> Result<Output, EncodeError> {
    Ok((answer.scores.get(0, answer.row).as_f64().unwrap_or(f64::NAN), answer.installed.reference.offset))
}

fn model(offset: i64) -> ModelItem {
    let content = format!("line: scale={}", offset + 1);
    let value = descriptor("wine", "a", &content).encode(TypeNumbering::Original);
    ModelMessage { offset, timestamp: 0, key: None, value: Some(value.into()) }.into()
}

#[test]
fn every_record_once_in_order_under_revisions_that_only_rise() {
    let messages = Feed::new();
    messages.push(model(0));
    messages.push(ModelItem::Ready { end: None });
    let (models, driver) = Models::new(messages.clone(), judge(), ModelsOptions::default());
    let driven = std::thread::spawn(move || run(driver));

    let progress = Arc::new(AtomicU64::new(0));
    let records = stream::iter(0..RECORDS).map(|x| Record::new(x.to_string(), x));
    let options = StageOptions { batch: 100, ..StageOptions::default() };
    let (stage, handle) = models.stage(records, TextDecoder::new(), encode, options).unwrap();
    let seen = Arc::clone(&progress);
    let scoring = std::thread::spawn(move || {
        let mut revisions = vec![-1];
        let mut next = 0;
        run(stage.for_each(|scored| {
            assert_eq!(scored.record.context, next);
            next += 1;
            seen.store(next as u64, Ordering::Relaxed);
            let control = scored.revision.control;
            assert!(*revisions.last().unwrap() <= control);
            if scored.cut_over.is_some() {
                revisions.push(control);
            }
            let Outcome::Result { output: (score, by), .. } = scored.outcome else { panic!("{scored:?}") };
            // Recomputed under the model that the record names.
            assert_eq!((score, by), ((scored.record.context * (by + 1)) as f64, control));
            std::future::ready(())
        }));
        (next, revisions)
    });
    for swap in 1..=SWAPS {
        while progress.load(Ordering::Relaxed) < (swap * RECORDS / (2 * SWAPS)) as u64 {
            assert!(!scoring.is_finished(), "the stage ended early");
            std::thread::sleep(Duration::from_micros(50));
        }
        messages.push(model(swap));
    }
    let (next, revisions) = scoring.join().unwrap();
    messages.end();
    driven.join().unwrap().unwrap();
    assert_eq!(next, RECORDS);
    assert!(revisions.len() > 10, "{revisions:?}");
    assert!(handle.conservation().holds() && handle.in_flight() == 0);
    assert_eq!(handle.conservation().results, RECORDS as u64);
    let counted: u64 = handle.statistics().models().map(|model| model.count).sum();
    assert_eq!(counted, RECORDS as u64);
    assert_eq!(models.revision().unwrap().control, SWAPS);
}

#[test]
fn a_stage_and_its_models_in_one_task_come_to_an_end() {
    let messages = stream::iter([model(0), ModelItem::Ready { end: Some(9) }, model(9)]);
    let (models, driver) = Models::new(messages, judge(), ModelsOptions::default());
    let records = stream::iter(0..10).map(|x: i64| Record::new(x.to_string(), x));
    let (stage, handle) = models.stage(records, TextDecoder::new(), encode, StageOptions::default()).unwrap();
    let both = futures_util::future::join(driver, stage.collect::<Vec<_>>());
    let (driven, scored) = run(both);
    driven.unwrap();
    assert_eq!(scored.len(), 10);
    assert_eq!(handle.control().position, 10);
}

#[test]
fn a_stage_can_be_sent_and_its_handle_shared() {
    fn sent<T: Send>(_: &T) {}
    fn shared<T: Send + Sync + Clone>(_: &T) {}
    let (models, driver) = Models::new(Feed::new(), judge(), ModelsOptions::default());
    let records = Feed::<Record<i64>>::new();
    let (stage, handle) = models.stage(records, TextDecoder::new(), encode, StageOptions::default()).unwrap();
    sent(&stage);
    sent(&driver);
    shared(&handle);
    shared(&models);
}
