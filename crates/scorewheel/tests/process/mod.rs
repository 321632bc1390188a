//! The binary as a user drives it: a directory of its own, processes that are ended with the test.
#![expect(clippy::unwrap_used, reason = "helpers of tests outside of test functions")]
#![allow(
    dead_code,
    clippy::print_stdout,
    reason = "not every test uses all of it; one that is skipped says so"
)]

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long anything may take on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A working directory and the commands given there.
pub struct World {
    folder: tempfile::TempDir,
}

/// What a command has said.
#[derive(Debug)]
pub struct Said {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Said {
    /// Standard output, if it ended well.
    pub fn success(self) -> String {
        assert_eq!(self.code, Some(0), "{self:?}");
        self.out
    }

    /// Its lines as JSON.
    pub fn lines(self) -> Vec<Value> {
        self.success().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// That it ended with this code and said this.
    pub fn failure(self, code: i32, message: &str) {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert!(self.err.contains(message), "{message:?} is not in {self:?}");
    }
}

/// An instance that runs.
pub struct Running {
    pub child: Child,
    pub url: String,
    log: PathBuf,
}

impl World {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_scorewheel"));
        command.args(arguments).current_dir(self.path()).stdin(Stdio::null());
        forget_settings(&mut command);
        command
    }

    /// Gives a command and waits for its end.
    pub fn say(&self, arguments: &[&str]) -> Said {
        self.say_with(arguments, &[])
    }

    /// The same with variables in the environment.
    pub fn say_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Said {
        self.said(self.command(arguments).envs(variables.iter().copied()))
    }

    fn said(&self, command: &mut Command) -> Said {
        let output = command.output().unwrap();
        Said {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The same with this on standard input.
    pub fn say_to(&self, input: &str, arguments: &[&str]) -> Said {
        let file = self.path().join("standard-input");
        fs::write(&file, input).unwrap();
        self.said(self.command(arguments).stdin(File::open(file).unwrap()))
    }

    /// The same with a reader of standard output that goes away after the first line.
    pub fn say_to_head(&self, arguments: &[&str]) -> Said {
        let mut command = self.command(arguments);
        let errors = self.path().join("errors");
        command.stdout(Stdio::piped()).stderr(File::create(&errors).unwrap());
        let mut child = command.spawn().unwrap();
        let mut out = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut out).unwrap();
        let status = wait_for("the end", || child.try_wait().unwrap());
        Said { code: status.code(), out, err: fs::read_to_string(&errors).unwrap() }
    }

    /// Begins a command that does not end by itself for now.
    pub fn begin(&self, arguments: &[&str]) -> Running {
        self.spawned(self.command(arguments))
    }

    /// The same where no file can grow beyond so many blocks of 512 bytes, as if the disk were full.
    pub fn say_on_full_disk(&self, blocks: u32, arguments: &[&str]) -> Said {
        let mut command = Command::new("sh");
        // A signal that is ignored stays so: the process gets the error of the write.
        let limited = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\"");
        command.args(["-c", &limited, "sh", env!("CARGO_BIN_EXE_scorewheel")]).args(arguments);
        let output = command.current_dir(self.path()).stdin(Stdio::null()).output().unwrap();
        Said {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Starts `run` and waits until it answers HTTP.
    pub fn run(&self, arguments: &[&str]) -> Running {
        let mut all = vec!["run", "--listen", "127.0.0.1:0"];
        all.extend(arguments);
        self.started(self.command(&all))
    }

    /// Starts `run` with its topics on a file system of its own, which `options` of `mount -t tmpfs` describe. `None`
    /// where this user may not mount one.
    pub fn run_mounted(&self, options: &str, arguments: &[&str]) -> Option<Running> {
        fs::create_dir_all(self.path().join("mounted")).unwrap();
        let mount = format!("mount -t tmpfs -o {options} none mounted");
        let mounted = |then: &str| ["-rm", "sh", "-ec", &format!("{mount}\n{then}"), "sh"].map(str::to_owned);
        let may = Command::new("unshare").args(mounted("true")).current_dir(self.path()).output();
        if !may.is_ok_and(|output| output.status.success()) {
            println!("skipped: a file system of its own cannot be mounted here");
            return None;
        }
        let run = format!(
            "exec {} run --listen 127.0.0.1:0 --data-dir mounted/data \"$@\"",
            env!("CARGO_BIN_EXE_scorewheel")
        );
        let mut command = Command::new("unshare");
        command.args(mounted(&run)).args(arguments).current_dir(self.path()).stdin(Stdio::null());
        forget_settings(&mut command);
        Some(self.started(command))
    }

    /// Starts a command that is to answer HTTP, and waits until it does.
    fn started(&self, command: Command) -> Running {
        let mut running = self.spawned(command);
        wait_for("the listener", || {
            let log = running.log();
            assert!(running.child.try_wait().unwrap().is_none(), "ended early:\n{log}");
            let url = log.lines().find_map(|line| line.strip_prefix("listening on "))?;
            Some(url.to_owned())
        })
        .clone_into(&mut running.url);
        running
    }

    fn spawned(&self, mut command: Command) -> Running {
        static NUMBER: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let log = self.path().join(format!("run-{number}.log"));
        let child = command.stdout(Stdio::null()).stderr(File::create(&log).unwrap()).spawn().unwrap();
        Running { child, url: String::new(), log }
    }
}

impl Running {
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    /// The answer to a GET, whatever its status.
    pub fn get(&self, path: &str) -> (u16, Value) {
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let mut response = agent.get(format!("{}{path}", self.url)).call().unwrap();
        let text = response.body_mut().read_to_string().unwrap();
        (response.status().as_u16(), serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    pub fn wait_ready(&self) {
        wait_for("readiness", || (self.get("/readyz").0 == 200).then_some(()));
    }

    /// Waits until so many records have been taken in and committed.
    pub fn wait_records(&self, count: u64) {
        wait_for("the records", || {
            let (_, conservation) = self.get("/v1/conservation");
            let partitions = conservation["partitions"].as_array()?;
            let records: u64 = partitions.iter().filter_map(|partition| partition["records"].as_u64()).sum();
            assert!(records <= count, "{records} of {count}");
            (records == count).then_some(())
        });
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// SIGTERM, and how it ended.
    pub fn terminate(mut self) -> ExitStatus {
        self.signal("-TERM");
        let status = wait_for("the end", || self.child.try_wait().unwrap());
        assert!(status.success(), "{status}\n{}", self.log());
        status
    }

    /// SIGKILL.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits until it has ended by itself: its exit code and log.
    pub fn ended(mut self) -> (Option<i32>, String) {
        let status = wait_for("the end", || self.child.try_wait().unwrap());
        (status.code(), self.log())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Ended already, most often.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Settings in the environment of the tests are not those of the command.
pub fn forget_settings(command: &mut Command) {
    for (name, _) in std::env::vars() {
        if name.starts_with("SCOREWHEEL") || name == "KAFKA_BROKERS_LIST" {
            command.env_remove(name);
        }
    }
}

/// Asks until there is an answer.
pub fn wait_for<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A file of the demonstration.
pub fn demo(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../demo").join(name).display().to_string()
}
