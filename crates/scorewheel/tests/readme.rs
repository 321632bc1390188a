//! The commands of the README's *By hand*, given as they stand there.
#![expect(clippy::unwrap_used, reason = "helpers of tests outside of test functions")]

mod process;

use process::{World, demo, wait_for};

const README: &str = include_str!("../../../README.md");

/// The commands of the block that begins with `first`, without their comments, split at blanks.
fn block(first: &str) -> Vec<Vec<String>> {
    let begin = README.find(first).unwrap();
    let block = README[begin..].split("```").next().unwrap();
    let commands = block.lines().filter(|line| line.starts_with("scorewheel "));
    commands
        .map(|line| {
            let command = line.split('#').next().unwrap();
            let words = command.split_whitespace().skip(1);
            // What the shell would make of quotes and of a path in the repository.
            words
                .map(|word| match word.strip_prefix("demo/") {
                    Some(file) => demo(file),
                    None => word.trim_matches('\'').to_owned(),
                })
                .collect()
        })
        .collect()
}

#[test]
fn by_hand() {
    let world = World::new();
    let mut commands = block("scorewheel run    ").into_iter();
    assert_eq!(commands.next().unwrap(), ["run"]);
    let run = world.run(&[]);
    let mut given = 0;
    for command in commands {
        let mut arguments: Vec<&str> = command.iter().map(String::as_str).collect();
        match arguments[0] {
            // For ever in the README, one after the other here.
            "produce" => arguments.extend(["-n", "5"]),
            "consume" => {
                run.wait_records(5);
                arguments.push("-e");
            }
            "models" => {
                wait_for("the forest", || {
                    (run.get("/v1/revision").1["revision"]["controlOffset"] == 1).then_some(())
                });
            }
            _ => {}
        }
        let said = world.say(&arguments).success();
        let expected = match arguments[0] {
            "publish" => "published wine/",
            "produce" => "produced 5 records to models_data",
            "consume" => "1-linear @0",
            "models" => "wine/3-forest",
            "status" => ": ready",
            other => panic!("{other} is not known here"),
        };
        assert!(said.contains(expected), "{arguments:?}: {said}");
        given += 1;
    }
    assert_eq!(given, 6);
    run.terminate();
}

#[test]
fn every_command_that_is_named_exists() {
    let world = World::new();
    let help = world.say(&["--help"]).success();
    for line in README.lines() {
        for part in line.split("scorewheel ").skip(1) {
            let word: String = part.chars().take_while(|c| c.is_ascii_lowercase() || *c == '-').collect();
            let is_command = line.contains("`scorewheel ") || line.starts_with("scorewheel ");
            if is_command && !word.is_empty() {
                assert!(help.contains(&format!("  {word} ")), "{word:?} of {line:?} is no command:\n{help}");
            }
        }
    }
}
