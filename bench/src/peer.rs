//! A peer in a child process that answers one question a line.

use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// A running peer; it ends with this value.
pub struct Peer {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Peer {
    /// Starts `command`; none if it is empty.
    pub fn start(command: &[&str]) -> Result<Option<Self>, Box<dyn Error>> {
        let Some((program, arguments)) = command.split_first() else { return Ok(None) };
        let mut child =
            Command::new(program).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let questions = child.stdin.take().ok_or("the peer has no standard input")?;
        let answers = BufReader::new(child.stdout.take().ok_or("the peer has no standard output")?);
        Ok(Some(Self { child, questions, answers }))
    }

    /// Asks for one round: records per CPU-second of the scoring thread.
    pub fn round(&mut self, question: &str) -> Result<f64, Box<dyn Error>> {
        writeln!(self.questions, "{question}")?;
        self.questions.flush()?;
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        line.trim().parse().map_err(|_| format!("the peer answered {line:?} to {question:?}").into())
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
