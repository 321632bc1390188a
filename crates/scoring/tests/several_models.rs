//! A route that asks several models, in all topologies, through commits, kills and restores.
#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]

mod common;

use common::{ENGINES, Engine, World, lineage};
use scorewheel_model::{DataTypeName, ModelName};
use scorewheel_serving::Selection;
use scorewheel_streams::TestDriverOptions;

fn world(engine: Engine, selection: Selection, auto_commit: bool) -> World {
    let options = TestDriverOptions { auto_commit, ..TestDriverOptions::default() };
    World::with(engine, options, |parts| {
        parts.selections = [(DataTypeName::new("number").unwrap(), selection)].into();
        // Who asks several models needs to know which is which.
        parts.lineage = false;
    })
}

#[test]
fn each_record_gives_a_result_a_model_with_its_own_lineage() {
    for engine in ENGINES {
        let mut world = world(engine, Selection::All, true);
        let a = world.publish("number", "a", "line: scale=2");
        world.numbers(&[1.0]);
        let single = world.driver.read_output("models_results");
        assert_eq!(single.len(), 1);
        assert_eq!(single[0].header("scorewheel-lineage"), None, "one model needs no place");
        let b = world.publish("number", "b", "line: scale=3");
        world.numbers(&[1.0, 2.0]);
        let results = world.driver.read_output("models_results");
        let told: Vec<_> = results
            .iter()
            .map(|result| {
                let lineage = lineage(result);
                let number = |name: &str| lineage[name].as_i64().unwrap();
                (number("offset"), number("control"), number("place"), number("of"))
            })
            .collect();
        assert_eq!(told, [(1, b, 1, 2), (1, a, 2, 2), (2, b, 1, 2), (2, a, 2, 2)], "{engine:?}");
        let task = world.task(engine);
        let conservation = task.statistics.conservation();
        assert_eq!((conservation.records, conservation.results, conservation.further), (3, 5, 2));
        assert!(conservation.holds());
        let counts: Vec<u64> = [a, b].map(|control| task.statistics.model(control).unwrap().count).into();
        assert_eq!(counts, [3, 2], "{engine:?}: statistics by model");
    }
}

#[test]
fn kills_and_restores_lose_and_repeat_nothing_of_any_model() {
    for engine in [Engine::Persistent, Engine::Custom] {
        let listed = ["b", "absent", "a"].map(|name| ModelName::new(name).unwrap());
        let mut world = world(engine, Selection::Names(listed.into()), false);
        let first = world.publish("number", "a", "line: scale=2");
        let b = world.publish("number", "b", "line: scale=3");
        world.publish("number", "c", "line: scale=5");
        let mut records = 0_u32;
        let mut second = first;
        for round in 0..12 {
            world.numbers(&[1.0, 2.0, 3.0]);
            records += 3;
            if round == 6 {
                second = world.publish("number", "a", "line: scale=7");
            }
            match round % 4 {
                0 => world.driver.abort().unwrap(),
                1 => world.driver.commit().unwrap(),
                2 => world.driver.restart().unwrap(),
                _ => {
                    world.driver.commit().unwrap();
                    world.driver.restart().unwrap();
                }
            }
        }
        world.driver.advance(std::time::Duration::ZERO).unwrap();
        world.driver.commit().unwrap();
        let results = world.driver.read_output("models_results");
        let places: Vec<(i64, i64)> = results
            .iter()
            .map(|result| {
                let lineage = lineage(result);
                (lineage["offset"].as_i64().unwrap(), lineage["place"].as_i64().unwrap())
            })
            .collect();
        let expected: Vec<(i64, i64)> =
            (0..i64::from(records)).flat_map(|offset| [(offset, 1), (offset, 2)]).collect();
        assert_eq!(places, expected, "{engine:?}");
        let task = world.task(engine);
        assert!(task.statistics.conservation().holds());
        assert_eq!(task.statistics.conservation().further, u64::from(records));
        assert_eq!(task.statistics.model(b).unwrap().count, u64::from(records), "{engine:?}");
        let of = |control: i64| {
            results.iter().filter(|result| lineage(result)["control"] == control).count() as u64
        };
        assert_eq!(task.statistics.model(second).unwrap().count, of(second), "{engine:?}");
        assert_eq!(of(first) + of(second), u64::from(records));
        let missing = world.parts.state.control().missing.clone();
        assert_eq!(missing.iter().map(ToString::to_string).collect::<Vec<_>>(), ["number/absent"]);
    }
}

#[test]
fn a_model_without_an_answer_gives_a_dead_letter_of_its_own() {
    for engine in ENGINES {
        let mut world = world(engine, Selection::All, true);
        world.publish("number", "a", "line: scale=2 panic=2");
        world.publish("number", "b", "line: scale=3");
        world.numbers(&[1.0, 2.0]);
        assert_eq!(world.results(), ["3.0@1", "2.0@0", "6.0@1"]);
        let letters = world.driver.read_output("models_deadletters");
        assert_eq!(letters.len(), 1, "{engine:?}");
        let said: serde_json::Value =
            serde_json::from_slice(letters[0].header("scorewheel.errors.lineage").unwrap()).unwrap();
        assert_eq!((&said["model"], &said["place"], &said["of"]), (&"a".into(), &2.into(), &2.into()));
        assert!(world.task(engine).statistics.conservation().holds());
    }
}
