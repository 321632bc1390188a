//! Models by reference: the binary as a user drives it, with a folder and a server of our own.
#![expect(clippy::unwrap_used, reason = "helpers of tests outside of test functions")]

mod process;

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use process::{World, demo, wait_for};

/// A server that gives one model as often as it is told, and is unavailable otherwise.
struct Web {
    address: SocketAddr,
    answers: Arc<AtomicUsize>,
}

impl Web {
    fn start(model: Vec<u8>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let answers = Arc::new(AtomicUsize::new(0));
        let left = Arc::clone(&answers);
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                let mut connection = connection.unwrap();
                let lines = BufReader::new(connection.try_clone().unwrap()).lines();
                lines.map_while(Result::ok).take_while(|line| !line.is_empty()).for_each(drop);
                let well = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
                let (status, body) = if well.is_ok() { (200, &model[..]) } else { (503, &b"down"[..]) };
                // Who asks may have gone.
                let _ = write!(connection, "HTTP/1.1 {status} x\r\ncontent-length: {}\r\n\r\n", body.len());
                let _ = connection.write_all(body);
            }
        });
        Self { address, answers }
    }

    fn answer(&self, times: usize) {
        self.answers.store(times, Ordering::SeqCst);
    }

    fn url(&self) -> String {
        format!("http://{}/2-tree.pmml", self.address)
    }
}

fn produce(world: &World, count: u64) {
    let (records, count) = (demo("records.csv"), count.to_string());
    let arguments =
        ["produce", &records, "--delimiter", ";", "--no-header", "--rate", "max", "-n", &count, "--loop"];
    world.say(&arguments).success();
}

fn world(web: &Web) -> (World, String) {
    let world = World::new();
    let folder = world.path().join("models");
    std::fs::create_dir(&folder).unwrap();
    std::fs::copy(demo("models/1-linear.pmml"), folder.join("1-linear.pmml")).unwrap();
    let configuration = format!(
        "[[references]]\nname = \"folder\"\nscheme = \"file\"\nroot = {folder:?}\n\n\
         [[references]]\nname = \"web\"\nscheme = \"http\"\nhost = \"{}\"\nallow_private = true\n",
        web.address
    );
    std::fs::write(world.path().join("scorewheel.toml"), configuration).unwrap();
    let location = format!("file://{}/1-linear.pmml", folder.display());
    (world, location)
}

#[test]
fn models_by_reference_replace_one_another_through_an_outage_and_a_restart() {
    let web = Web::start(std::fs::read(demo("models/2-tree.pmml")).unwrap());
    let (world, location) = world(&web);
    let said = world.say(&["publish", "--by-reference", &location]).success();
    assert!(said.contains("published wine/1-linear (PMML at file://"), "{said}");
    produce(&world, 10);
    let run = world.run(&[]);
    run.wait_ready();
    run.wait_records(10);
    assert_eq!(run.get("/state/value").1["name"], "1-linear");

    // There for the publisher, and then no more: no verdict, and the old model scores.
    web.answer(1);
    world.say(&["publish", "--by-reference", &web.url()]).success();
    wait_for("the outage", || {
        let (status, readiness) = run.get("/readyz");
        (status == 503 && readiness["reasons"].to_string().contains("status 503")).then_some(())
    });
    produce(&world, 10);
    run.wait_records(20);
    let (_, value) = run.get("/state/value");
    assert_eq!((&value["name"], &value["invocations"]), (&"1-linear".into(), &20.into()));

    web.answer(usize::MAX);
    run.wait_ready();
    produce(&world, 10);
    run.wait_records(30);
    assert_eq!(run.get("/state/value").1["name"], "2-tree");
    let metrics = run.get("/metrics").1.to_string();
    assert!(
        metrics.contains("scorewheel_reference_fetches_total{scheme=\\\"http\\\",outcome=\\\"fetched\\\"} 1")
    );
    run.kill();

    // The stores are gone, the models in force are there.
    web.answer(0);
    std::fs::remove_dir_all(world.path().join("models")).unwrap();
    let run = world.run(&[]);
    run.wait_ready();
    produce(&world, 10);
    run.wait_records(40);
    let (_, value) = run.get("/state/value");
    assert_eq!((&value["name"], &value["invocations"]), (&"2-tree".into(), &20.into()));
    run.terminate();
    assert!(world.say(&["consume", "rejections", "-e"]).lines().is_empty());
}

#[test]
fn the_stage_takes_models_by_reference() {
    let web = Web::start(Vec::new());
    let (world, location) = world(&web);
    world.say(&["publish", "--by-reference", &location]).success();
    produce(&world, 10);
    let run = world.run(&["--engine", "stage"]);
    wait_for("the results", || (run.get("/stats").1["usage"] == 10).then_some(()));
    assert_eq!(run.get("/stats").1["name"], "1-linear");
    run.terminate();
}

#[test]
fn a_model_that_changed_is_refused_and_commands_say_what_is_wrong() {
    let web = Web::start(Vec::new());
    let (world, location) = world(&web);
    let said = world.say(&["inspect", &location]).success();
    assert!(said.contains("PMML"), "{said}");
    for (location, code, message) in [
        (format!("{}x", location.replace(".pmml", "")), 66, "there is no file"),
        ("file:///etc/passwd".into(), 65, "in no place"),
        ("s3://models/a.pmml".into(), 65, "in no place"),
        (location.replace("/models/", "/models/../models/"), 2, "."),
        (web.url(), 69, "status 503"),
        (web.url().replace("http://", "http://user:secret@"), 2, "credentials"),
    ] {
        world.say(&["publish", "--by-reference", &location]).failure(code, message);
        world.say(&["inspect", &location]).failure(code, message);
    }
    std::fs::write(world.path().join("models/page.html"), "<html><p>Not here</p></html>").unwrap();
    let page = location.replace("1-linear.pmml", "page.html");
    world.say(&["publish", "--by-reference", &page]).failure(65, "of no known model format");
    world.say(&["inspect", "ftp://host/model.pmml"]).failure(2, "ftp");
    // Other bytes at the same location: what was published is not there.
    world.say(&["publish", "--by-reference", &location]).success();
    std::fs::copy(demo("models/2-tree.pmml"), world.path().join("models/1-linear.pmml")).unwrap();
    produce(&world, 1);
    let run = world.run(&[]);
    wait_for("the rejection", || {
        run.get("/v1/models").1.to_string().contains("was published with").then_some(())
    });
    run.terminate();
    // Without places nothing is fetched, whatever is published.
    std::fs::remove_file(world.path().join("scorewheel.toml")).unwrap();
    world.say(&["publish", "--by-reference", &location]).failure(65, "in no place");
}
