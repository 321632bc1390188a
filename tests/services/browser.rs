//! A real Chromium, told what to do over its debugging pipe.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

/// A browser with one page.
pub struct Browser {
    // Kept until it ends.
    directory: TempDir,
    process: Child,
    requests: File,
    answers: BufReader<File>,
    session: Option<String>,
    next: u64,
    /// What the page has complained of: errors in the console, violations of its policy, exceptions.
    pub complaints: Vec<String>,
}

impl Browser {
    /// Starts one; `None`, and said, if the machine has none.
    pub fn start() -> Option<Self> {
        let Some(program) = std::env::var_os("SCOREWHEEL_TEST_CHROMIUM") else {
            println!("skipped: SCOREWHEEL_TEST_CHROMIUM not found");
            return None;
        };
        let directory = tempfile::tempdir().unwrap();
        let (requests, answers) = (directory.path().join("requests"), directory.path().join("answers"));
        assert!(Command::new("mkfifo").args([&requests, &answers]).status().unwrap().success());
        // The debugging pipe is file descriptors 3 and 4, which only a shell can give.
        let process = Command::new("sh")
            .arg("-c")
            .arg(
                "exec \"$0\" --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run \
                 --remote-debugging-pipe --user-data-dir=\"$1\" about:blank 3<\"$2\" 4>\"$3\"",
            )
            .arg(program)
            .arg(directory.path().join("profile"))
            .args([&requests, &answers])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let requests = OpenOptions::new().write(true).open(requests).unwrap();
        let answers = BufReader::new(File::open(answers).unwrap());
        let complaints = Vec::new();
        let mut browser = Self { directory, process, requests, answers, session: None, next: 0, complaints };
        let target = browser.call("Target.createTarget", json!({"url": "about:blank"}))["targetId"].clone();
        let attached = browser.call("Target.attachToTarget", json!({"targetId": target, "flatten": true}));
        browser.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page.enable", "Runtime.enable", "Log.enable"] {
            browser.call(domain, json!({}));
        }
        Some(browser)
    }

    /// Asks for something and waits for the answer.
    pub fn call(&mut self, method: &str, parameters: Value) -> Value {
        self.next += 1;
        let id = self.next;
        let mut request = json!({"id": id, "method": method, "params": parameters});
        if let Some(session) = &self.session {
            request["sessionId"] = json!(session);
        }
        self.requests.write_all(format!("{request}\0").as_bytes()).unwrap();
        loop {
            let message = self.message();
            if message["id"] == json!(id) {
                assert!(message.get("error").is_none(), "{method}: {message}");
                return message["result"].clone();
            }
            self.note(&message);
        }
    }

    fn message(&mut self) -> Value {
        let mut message = Vec::new();
        self.answers.read_until(0, &mut message).unwrap();
        assert!(message.pop().is_some(), "the browser is gone");
        serde_json::from_slice(&message).unwrap()
    }

    fn note(&mut self, message: &Value) {
        let told = match message["method"].as_str() {
            Some("Runtime.exceptionThrown") => message["params"]["exceptionDetails"].to_string(),
            Some("Log.entryAdded") if message["params"]["entry"]["level"] == "error" => {
                message["params"]["entry"].to_string()
            }
            Some("Runtime.consoleAPICalled") => message["params"].to_string(),
            _ => return,
        };
        self.complaints.push(told);
    }

    /// Goes to an address and waits until it is loaded.
    pub fn open(&mut self, url: &str) {
        self.call("Page.navigate", json!({"url": url}));
        self.until("document.readyState === 'complete' && location.href !== 'about:blank'");
    }

    /// What an expression of the page's language comes to.
    pub fn evaluate(&mut self, expression: &str) -> Value {
        let asked = json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let answer = self.call("Runtime.evaluate", asked);
        assert!(answer.get("exceptionDetails").is_none(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    /// Waits until an expression is true.
    pub fn until(&mut self, expression: &str) {
        for _ in 0..600 {
            if self.evaluate(expression) == json!(true) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        let text = self.evaluate("document.body.innerText");
        panic!("{expression}: not in time; the page shows {text}");
    }

    /// A window of this width in a colour scheme, `light` or `dark`.
    pub fn look(&mut self, width: u32, scheme: &str) {
        let size = json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500});
        self.call("Emulation.setDeviceMetricsOverride", size);
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        self.call("Emulation.setEmulatedMedia", json!({"features": features}));
    }

    /// Presses a key.
    pub fn press(&mut self, key: &str, code: u32) {
        for kind in ["rawKeyDown", "char", "keyUp"] {
            if kind == "char" && key != "Enter" {
                continue;
            }
            let text = if kind == "char" { "\r" } else { "" };
            let event =
                json!({"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code, "text": text});
            self.call("Input.dispatchKeyEvent", event);
        }
    }

    /// Keeps a picture of the whole page where `SCOREWHEEL_TEST_PICTURES` says, else beside the profile.
    pub fn picture(&mut self, name: &str) {
        let asked = json!({"format": "png", "captureBeyondViewport": true});
        let picture = self.call("Page.captureScreenshot", asked)["data"].as_str().unwrap().to_owned();
        let directory = std::env::var_os("SCOREWHEEL_TEST_PICTURES")
            .map_or_else(|| self.directory.path().to_owned(), Into::into);
        // As it comes: whoever looks has `base64 -d`.
        std::fs::write(directory.join(format!("{name}.png.base64")), &picture).unwrap();
        assert!(picture.len() > 10_000, "{name}: the picture is empty");
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
