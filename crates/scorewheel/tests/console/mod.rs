//! Sessions at a terminal that a document shows, given to a shell as they stand there.
//!
//! A fenced block of the kind `console` holds commands, which begin with `$ ` and go on in lines that begin with `> `,
//! each followed by what it prints. `...` as a line of its own stands for any number of lines, `[..]` within a line
//! for anything. A command that ends in `&` stays in the background; its output may come until the session's end.
#![expect(clippy::unwrap_used, reason = "helpers of tests outside of test functions")]

mod pattern;

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::process::PATIENCE;

/// A command of a document and what it shows that it prints.
#[derive(Debug)]
pub struct Step {
    pub command: String,
    pub expected: Vec<String>,
}

/// The sessions of a document, in order.
pub fn sessions(document: &str) -> Vec<Vec<Step>> {
    let mut sessions = Vec::new();
    let mut lines = document.lines();
    while let Some(line) = lines.next() {
        if line.trim() != "```console" {
            continue;
        }
        let mut steps: Vec<Step> = Vec::new();
        for line in lines.by_ref().take_while(|line| line.trim() != "```") {
            if let Some(command) = line.strip_prefix("$ ") {
                steps.push(Step { command: command.to_owned(), expected: Vec::new() });
                continue;
            }
            let step = steps.last_mut().expect("a block begins with a command");
            match line.strip_prefix("> ") {
                Some(more) if step.expected.is_empty() => {
                    step.command.push('\n');
                    step.command.push_str(more);
                }
                _ => step.expected.push(line.to_owned()),
            }
        }
        sessions.push(steps);
    }
    sessions
}

/// A shell in a directory of its own, in which `demo` is the repository's.
pub struct Shell {
    folder: tempfile::TempDir,
    replacements: Vec<(String, String)>,
    /// Variables and functions that earlier commands have made.
    prelude: String,
    background: Vec<Background>,
}

struct Background {
    child: Child,
    log: PathBuf,
    step: Step,
}

impl Shell {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(repository().join("demo"), folder.path().join("demo")).unwrap();
        Self { folder, replacements: Vec::new(), prelude: String::new(), background: Vec::new() }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Sets a variable in the environment of all commands.
    pub fn set(&mut self, name: &str, value: &str) {
        self.prelude.push_str(&format!("export {name}={value}\n"));
    }

    /// What a document calls `from` is `to` here, in commands and in what they print.
    pub fn replace(&mut self, from: &str, to: impl Into<String>) {
        self.replacements.push((from.to_owned(), to.into()));
    }

    /// Text of the document as it is here.
    pub fn replaced(&self, text: &str) -> String {
        self.replacements.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
    }

    /// Gives all commands, and holds what they print against what is shown.
    pub fn give(&mut self, steps: Vec<Step>) {
        for step in steps {
            let step = Step {
                command: self.replaced(&step.command),
                expected: step.expected.iter().map(|line| self.replaced(line)).collect(),
            };
            self.step(step);
        }
        let deadline = Instant::now() + PATIENCE;
        for background in &self.background {
            loop {
                let log = fs::read_to_string(&background.log).unwrap();
                match pattern::matches_so_far(&background.step.expected, &log) {
                    Ok(()) => break,
                    Err(difference) if Instant::now() > deadline => {
                        panic!("{}\n{difference}\nprinted so far:\n{log}", background.step.command);
                    }
                    Err(_) => std::thread::sleep(Duration::from_millis(50)),
                }
            }
        }
    }

    fn step(&mut self, step: Step) {
        let command = step.command.split(" # ").next().unwrap().trim_end().to_owned();
        if ["export ", "unset "].iter().any(|start| command.starts_with(start)) || command.contains("() {") {
            self.prelude.push_str(&command);
            self.prelude.push('\n');
        } else if let Some(command) = command.strip_suffix('&') {
            self.stay(command.to_owned(), step);
        } else {
            self.finish(&step);
        }
    }

    /// Starts a command that stays, and waits for the first line that it is to print.
    fn stay(&mut self, command: String, step: Step) {
        let log = self.path().join(format!("background-{}.log", self.background.len()));
        let out = File::create(&log).unwrap();
        let child = self
            .bash(&command)
            .stdout(out.try_clone().unwrap())
            .stderr(out)
            .process_group(0)
            .spawn()
            .unwrap();
        self.background.push(Background { child, log: log.clone(), step });
        let expected = &self.background.last().unwrap().step.expected;
        let shown = expected.iter().take_while(|line| *line != "...").count();
        let expected = expected[..shown].to_vec();
        crate::process::wait_for(&command, || {
            let log = fs::read_to_string(&log).unwrap();
            pattern::matches_so_far(&expected, &log).ok()
        });
    }

    /// A command that ends. One that only looks is given again until what it looks at has come about.
    fn finish(&mut self, step: &Step) {
        let looks = ["scorewheel status", "scorewheel models list", "curl "];
        let looks = looks.iter().any(|start| step.command.starts_with(start));
        let deadline = Instant::now() + PATIENCE;
        loop {
            let output = self.bash(&format!("{{ {}\n}} 2>&1", step.command)).output().unwrap();
            let printed = String::from_utf8(output.stdout).unwrap();
            let difference = match pattern::matches(&step.expected, &printed) {
                Ok(()) if output.status.success() => return,
                Ok(()) => output.status.to_string(),
                Err(difference) => difference,
            };
            let logs: String =
                self.background.iter().map(|one| fs::read_to_string(&one.log).unwrap()).collect();
            assert!(
                looks && Instant::now() < deadline,
                "{}\n{difference}\nprinted:\n{printed}\nin the background:\n{logs}",
                step.command
            );
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn bash(&self, command: &str) -> Command {
        let binary = Path::new(env!("CARGO_BIN_EXE_scorewheel")).parent().unwrap();
        let tools = repository().join(".ci/kafka");
        let path = std::env::var("PATH").unwrap();
        let mut bash = Command::new("bash");
        bash.args(["-euc", &format!("{}{command}", self.prelude)])
            .current_dir(self.path())
            .stdin(Stdio::null())
            .env("PATH", format!("{}:{}:{path}", binary.display(), tools.display()));
        crate::process::forget_settings(&mut bash);
        bash
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        for background in &mut self.background {
            // The whole group, so that what the shell has started goes too; it may have ended already.
            let group = format!("-{}", background.child.id());
            Command::new("kill").args(["-9", "--", &group]).stderr(Stdio::null()).status().ok();
            background.child.wait().ok();
        }
    }
}

/// The root of the repository.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}
