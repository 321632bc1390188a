//! What is set up wrongly ends with a message and the exit code that is promised.

mod process;

use std::net::TcpListener;

use process::{World, demo, wait_for};

#[test]
fn configuration_is_refused_with_a_hint() {
    let world = World::new();
    std::fs::write(world.path().join("scorewheel.toml"), "[comit]\ninterval = \"10ms\"\n").unwrap();
    world.say(&["run"]).failure(78, "commit");
    std::fs::write(world.path().join("scorewheel.toml"), "[commit\n").unwrap();
    world.say(&["run"]).failure(78, "scorewheel.toml");
    world.say(&["run", "--config", "missing.toml"]).failure(66, "missing.toml");
    std::fs::remove_file(world.path().join("scorewheel.toml")).unwrap();
    world.say(&["run", "--set", "log.level=loud=very"]).failure(78, "log.level");
    world.say(&["run", "--store", "shiny"]).failure(2, "persistent, memory, custom");
}

#[test]
fn a_check_refuses_what_a_run_would() {
    let world = World::new();
    let file = world.path().join("scorewheel.toml");
    let check = |text: &str, code: i32, said: &str| {
        std::fs::write(&file, text).unwrap();
        world.say(&["config", "check"]).failure(code, said);
    };
    check("[http]\nlisten = \"nonsense\"\n", 78, "`http.listen` is not HOST:PORT");
    check("[[data_types]]\nname = \"beer\"\nschema = \"none.proto\"\n", 66, "none.proto");
    let kafka =
        |setting: &str| format!("[kafka]\nbrokers = \"localhost:9092\"\n[kafka.settings]\n{setting}\n");
    check(&kafka("\"group.id\" = \"mine\""), 78, "set `kafka.group`");
    check(&kafka("\"fetch.speed\" = \"high\""), 78, "fetch.speed");
    check(&kafka("\"socket.keepalive.enable\" = \"perhaps\""), 78, "socket.keepalive.enable");
    std::fs::write(&file, kafka("\"socket.keepalive.enable\" = \"true\"")).unwrap();
    world.say(&["config", "check"]).success();
}

/// A model of the demonstration in the world, with a side file.
fn with_side_file(world: &World, model: &str, side_file: &str) {
    std::fs::copy(demo(&format!("models/{model}")), world.path().join(model)).expect("a copy");
    std::fs::write(world.path().join(format!("{model}.toml")), side_file).expect("a side file");
}

#[test]
fn a_side_file_or_a_run_time_that_is_wrong_says_so() {
    let world = World::new();
    let model = "7-network.onnx";
    let commands = [&["inspect", model][..], &["score", "--model", model], &["publish", model]];
    with_side_file(&world, model, "[output]\nclases = [\"low\"]\n");
    for command in commands {
        world.say(command).failure(78, "did you mean `output.classes`?");
    }
    with_side_file(&world, model, "[inputs]\nsamples = [\"alcohol\", \"pH\"]\n");
    world.say(&["inspect", model]).success();
    world.say(&["score", "--model", model]).failure(65, "takes 11 numbers, 2 fields are mapped to it");
    with_side_file(&world, model, "runtime = \"onnxruntime\"\n");
    world.say(&["inspect", model]).failure(65, "`library` in the section `[onnxruntime]`");
    let library = "onnxruntime.library=/nowhere/libonnxruntime.so";
    world.say(&["score", "--model", model, "--set", library]).failure(65, "/nowhere/libonnxruntime.so");
    with_side_file(&world, model, "runtime = \"tensorflow\"\n");
    world.say(&["inspect", model]).failure(65, "\"onnxruntime\" does");
}

#[test]
fn answers_never_overwrite_what_is_read() {
    let world = World::new();
    let model = world.path().join("model.pmml");
    std::fs::copy(demo("models/1-linear.pmml"), &model).expect("a copy");
    std::fs::write(world.path().join("rows"), "{\"pH\":3}\n").expect("rows");
    for output in ["rows", "./rows", "model.pmml"] {
        let command = ["score", "--model", "model.pmml", "--input", "rows", "--output", output];
        world.say(&command).failure(2, "would overwrite");
    }
    assert_eq!(std::fs::read_to_string(world.path().join("rows")).expect("rows"), "{\"pH\":3}\n");
    world.say(&["score", "--model", "model.pmml", "--input", "rows", "--output", "answers"]).success();
}

#[test]
fn score_warns_of_a_model_that_does_not_reproduce_its_own_rows() {
    let world = World::new();
    let document = |answer: &str| {
        format!(
            "<PMML xmlns=\"http://www.dmg.org/PMML-4_4\" version=\"4.4\"><Header/><DataDictionary>\
             <DataField name=\"x\" optype=\"continuous\" dataType=\"double\"/>\
             <DataField name=\"y\" optype=\"continuous\" dataType=\"double\"/></DataDictionary>\
             <RegressionModel functionName=\"regression\"><MiningSchema><MiningField name=\"x\"/>\
             <MiningField name=\"y\" usageType=\"target\"/></MiningSchema>\
             <RegressionTable intercept=\"1\"><NumericPredictor name=\"x\" coefficient=\"1\"/></RegressionTable>\
             <ModelVerification><VerificationFields><VerificationField field=\"x\"/><VerificationField field=\"y\"/>\
             </VerificationFields><InlineTable><row><x>1</x><y>2</y></row><row><x>2</x><y>{answer}</y></row>\
             </InlineTable></ModelVerification></RegressionModel></PMML>"
        )
    };
    std::fs::write(world.path().join("good.pmml"), document("3")).expect("a model");
    std::fs::write(world.path().join("bad.pmml"), document("3.1")).expect("a model");
    std::fs::write(world.path().join("rows"), "{\"x\":4}\n").expect("rows");
    let good = world.say(&["score", "--model", "good.pmml", "--input", "rows", "--strict"]);
    assert_eq!((good.code, &*good.err), (Some(0), ""), "{good:?}");
    let warned = world.say(&["score", "--model", "bad.pmml", "--input", "rows"]);
    assert!(warned.code == Some(0) && warned.out == good.out, "{warned:?}");
    for words in ["warning", "1 of its own 2 verification rows", "row 2: \"y\" is 3.0, not 3.1"] {
        assert!(warned.err.contains(words), "{words:?} is not in {warned:?}");
    }
    world
        .say(&["score", "--model", "bad.pmml", "--input", "rows", "--strict"])
        .failure(1, "verification rows");
}

#[test]
fn inspect_says_what_runs_the_nodes_and_what_feeds_them() {
    let world = World::new();
    let said = world.say(&["inspect", &demo("models/7-network.onnx")]).success();
    for line in [
        "engine: native",
        "on native: Gemm 2, Softmax 1, Tanh 1",
        "records of type wine: fit",
        "  input \"samples\" takes the 11 numeric fields in the order of the schema: fixed_acidity, volatile_acidity,",
    ] {
        assert!(said.lines().any(|found| found.starts_with(line)), "{line:?} is not in\n{said}");
    }
}

#[test]
fn a_port_in_use_is_named() {
    let world = World::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = taken.local_addr().unwrap().to_string();
    world.say(&["run", "--listen", &listen]).failure(78, "is in use");
    world.say(&["run", "--listen", "nowhere"]).failure(78, "is not HOST:PORT");
}

#[test]
fn a_directory_has_one_instance() {
    let world = World::new();
    let run = world.run(&[]);
    world.say(&["run", "--listen", "127.0.0.1:0"]).failure(73, &run.url);
    world.say(&["run", "--listen", "127.0.0.1:0", "--data-dir", "./scorewheel-data"]).failure(73, "in use");
    run.terminate();
}

#[test]
fn topics_that_are_missing_are_waited_for_and_named() {
    let world = World::new();
    world.say(&["consume"]).failure(66, "there are no embedded topics");
    let run = world.run(&[]);
    let reasons = run.get("/readyz").1.to_string();
    assert!(reasons.contains("models_data, models_models"), "{reasons}");
    world.say(&["consume", "-e"]).failure(1, "models_results is not there yet; `scorewheel run` makes it");
    world.say(&["consume", "nothing"]).failure(1, "there is no topic `nothing`");
    run.terminate();
    // All topics may be made: nothing is waited for.
    let run = world.run(&["--set", "topics.create=all", "--data-dir", "other"]);
    run.wait_ready();
    run.terminate();
}

/// Makes a topic of so many partitions by producing a record to it, as an application would whose topics are others.
fn make(world: &World, topic: &str, partitions: u32) {
    let (records, set) = (demo("records.csv"), format!("topics.partitions={partitions}"));
    let arguments = [
        "produce",
        &records,
        "--delimiter",
        ";",
        "--no-header",
        "--rate",
        "max",
        "-n",
        "1",
        "--topic",
        topic,
        "--set",
        &set,
        "--set",
        "topics.models=other_models",
        "--set",
        "topics.results=other_results",
    ];
    world.say(&arguments).success();
}

#[test]
fn a_models_topic_of_two_partitions_has_no_order() {
    let world = World::new();
    make(&world, "models_data", 1);
    make(&world, "models_models", 2);
    for engine in ["streams", "stage"] {
        let said = world.say(&["run", "--listen", "127.0.0.1:0", "--engine", engine]);
        said.failure(78, "models_models` has 2 partitions");
    }
}

#[test]
fn results_of_another_width_are_refused() {
    let world = World::new();
    make(&world, "models_data", 1);
    make(&world, "models_results", 2);
    world.say(&["publish", &demo("models/1-linear.pmml")]).success();
    for engine in ["streams", "stage"] {
        let said = world.say(&["run", "--listen", "127.0.0.1:0", "--engine", engine]);
        said.failure(78, "topic `models_results` has 2 partitions, needed are 1");
    }
}

#[test]
fn an_unreachable_place_is_said() {
    let world = World::new();
    world.say(&["consume", "--url", "http://127.0.0.1:9"]).failure(69, "127.0.0.1:9");
    world.say(&["run", "--set", "client.url=http://127.0.0.1:9"]).failure(78, "not through");
}

/// Where there is no room, the producer is told and the instance ends: what it reads it could not commit.
#[test]
fn a_full_disk_ends_the_instance() {
    let world = World::new();
    for engine in ["streams", "stage"] {
        let arguments = ["--engine", engine, "--set", "topics.create=all"];
        let Some(run) = world.run_mounted("size=2m", &arguments) else { return };
        let records = demo("records.csv");
        let mut produce =
            vec!["produce", &records, "--delimiter", ";", "--no-header", "--rate", "max", "--loop"];
        produce.extend(["--url", &run.url]);
        let said = world.say(&produce);
        assert!(said.code == Some(73) || said.code == Some(69), "{said:?}");
        let (code, log) = run.ended();
        assert_eq!(code, Some(73), "{log}");
        assert!(log.contains("no room left"), "{log}");
    }
}

#[test]
fn a_directory_that_cannot_be_written_is_said() {
    let world = World::new();
    let directory = "/proc/self/scorewheel-data";
    world.say(&["run", "--data-dir", directory]).failure(78, directory);
    world.say(&["publish", &demo("models/1-linear.pmml"), "--data-dir", directory]).failure(78, directory);
}

#[test]
fn an_instance_waits_for_brokers_and_clients_do_not() {
    let world = World::new();
    let run = world.run(&["--brokers", "127.0.0.1:9"]);
    let (status, readiness) = run.get("/readyz");
    assert_eq!(status, 503);
    wait_for("the reason", || run.log().contains("cannot be reached").then_some(()));
    assert_eq!(run.get("/livez").0, 200, "{readiness}");
    run.terminate();
    world.say(&["consume", "--brokers", "127.0.0.1:9"]).failure(69, "cannot be reached");
}

/// What was committed was scored with models that the new log does not have: the operator has to say that this is meant.
#[test]
fn a_control_log_made_anew_is_taken_only_when_told_to() {
    let world = World::new();
    let produce = |run: &process::Running| {
        let records = demo("records.csv");
        let arguments = ["produce", &records, "--delimiter", ";", "--no-header", "--rate", "max", "-n", "5"];
        world.say(&[&arguments[..], &["--url", &run.url]].concat()).success();
    };
    world.say(&["publish", &demo("models/1-linear.pmml")]).success();
    world.say(&["publish", &demo("models/2-tree.pmml")]).success();
    make(&world, "models_data", 1);
    let run = world.run(&[]);
    produce(&run);
    run.wait_records(6);
    run.terminate();
    // The topic is deleted and made again, with less on it.
    let data = world.path().join("scorewheel-data");
    {
        use scorewheel_topics::embedded::{Directory, EmbeddedBackend, EmbeddedOptions};
        use scorewheel_topics::{Backend, TopicSpec};
        let directory = Directory::take(&data).unwrap();
        let backend = EmbeddedBackend::open(directory, &EmbeddedOptions::default()).unwrap();
        let admin = backend.admin().unwrap();
        admin.delete_topic("models_models").unwrap();
        admin.create_topic(&TopicSpec::new("models_models", 1).keep_for_ever()).unwrap();
    }
    world.say(&["publish", &demo("models/2-tree.pmml")]).success();
    let run = world.run(&[]);
    let (code, log) = run.ended();
    assert_eq!(code, Some(70), "{log}");
    assert!(log.contains("--adopt-log"), "{log}");
    let run = world.run(&["--adopt-log"]);
    produce(&run);
    run.wait_records(11);
    run.terminate();
}

/// Names become parts of topics, paths and URLs: what could leave its place is refused, before anything is written.
#[test]
fn names_with_path_characters_are_refused() {
    let world = World::new();
    let model = demo("models/1-linear.pmml");
    for name in ["../wine", "a/b", "", "wine\u{0}"] {
        if !name.contains('\u{0}') {
            let said = world.say(&["publish", &model, "--data-type", name]);
            assert_eq!(said.code, Some(2), "{name:?}: {said:?}");
        }
    }
    world.say(&["publish", &model, "--name", "../1"]).success();
    let listed = world.say(&["models", "list"]).success();
    assert!(listed.contains("wine/..-1"), "{listed}");
    for key in ["../wine", "application/../x"] {
        world.say(&["run", "--set", &format!("application.id={key}")]).failure(78, "application.id");
        world.say(&["run", "--set", &format!("topics.results={key}")]).failure(78, "topics.results");
    }
    let run = world.run(&[]);
    for path in
        ["/v1/topics/..%2F..%2Fetc", "/v1/models/wine/..%2F1", "/v1/routes/..%2Fwine", "/state/..%2F/value"]
    {
        let (status, body) = run.get(path);
        assert_eq!((status, body["error"].is_object()), (404, true), "{path}: {body}");
    }
    run.terminate();
}

#[test]
fn a_csv_file_without_a_column_that_is_an_input_is_not_scored() {
    let world = World::new();
    let (model, records) = (demo("models/1-linear.pmml"), demo("records.csv"));
    let score = ["score", "--model", &model, "--input", &records];
    world.say(&score).failure(2, "say --delimiter");
    let whole = [&score[..], &["--delimiter", ";"]].concat();
    world.say(&whole).failure(2, "--no-header with --fields");
}

#[test]
fn records_of_another_kind_are_left_out() {
    let world = World::new();
    std::fs::write(world.path().join("rows.jsonl"), "{\"a\": 1}\n{\"alcohol\": 9.5}\n").unwrap();
    world
        .say(&["produce", "rows.jsonl", "--rate", "max"])
        .failure(1, "record 1 is left out: it names no field");
    let records = world.say(&["consume", "records", "-e"]).lines();
    assert_eq!(records.len(), 1);
    assert_eq!(records[0]["value"]["alcohol"], 9.5);
    world.say(&["produce", &demo("records.csv")]).failure(2, "--no-header");
}

#[test]
fn a_data_directory_that_is_a_file_is_said() {
    let world = World::new();
    std::fs::write(world.path().join("file"), "").unwrap();
    world.say(&["run", "--data-dir", "file"]).failure(78, "file");
}

#[test]
fn results_are_waited_for_before_their_topic_is_there() {
    let world = World::new();
    let run = world.run(&[]);
    // Its topics come with the first models and records.
    let waiting = world.begin(&["consume", "results", "-n", "1"]);
    wait_for("the note", || waiting.log().contains("is not there yet; waiting for it").then_some(()));
    world.say(&["publish", &demo("models/1-linear.pmml")]).success();
    let records = demo("records.csv");
    world
        .say(&["produce", &records, "--delimiter", ";", "--no-header", "--rate", "max", "-n", "1"])
        .success();
    let (code, log) = waiting.ended();
    assert_eq!(code, Some(0), "{log}");
    run.terminate();
}

#[test]
fn what_is_missing_is_not_made_on_the_way() {
    let world = World::new();
    world.say(&["reset", "--yes"]).failure(66, "there are no embedded topics in ./scorewheel-data");
    world.say(&["produce", "nosuch.csv"]).failure(66, "nosuch.csv");
    world.say(&["publish", "nosuch.pmml"]).failure(66, "nosuch.pmml");
    let topic =
        ["produce", &demo("records.csv"), "--no-header", "--delimiter", ";", "--topic", "models_models"];
    world.say(&topic).failure(2, "`scorewheel publish` and `scorewheel models` write it");
    let model = demo("models/1-linear.pmml");
    world.say(&["produce", "."]).failure(66, "it is a directory");
    world.say(&["score", "--model", &model, "--input", "."]).failure(66, "it is a directory");
    for command in [&["inspect", "."][..], &["score", "--model", "."]] {
        world
            .say(command)
            .failure(65, "model . refused (unknown_format): it is a directory without saved_model.pb");
    }
    for url in ["ftp://x", "nonsense", "https://localhost:1"] {
        world.say(&["consume", "--url", url]).failure(2, "write the URL of an instance");
        world
            .say(&["consume", "--set", &format!("client.url={url}")])
            .failure(78, "`client.url` does not do: ");
    }
    assert_eq!(std::fs::read_dir(world.path()).expect("the folder").count(), 0);
}

#[test]
fn records_come_from_standard_input() {
    let world = World::new();
    let csv = world.say_to("alcohol,pH\n9,3\n", &["produce", "-", "--rate", "max"]).success();
    assert!(csv.contains("produced 1 records to models_data"), "{csv}");
    let json = ["produce", "-", "--format", "json", "--rate", "max"];
    world.say_to("{\"alcohol\": 8}\n", &json).success();
    let records = world.say(&["consume", "records", "-e"]).lines();
    let alcohol: Vec<f64> = records.iter().filter_map(|record| record["value"]["alcohol"].as_f64()).collect();
    assert_eq!(alcohol, [9.0, 8.0]);
}

#[test]
fn a_reader_that_goes_away_ends_the_command_quietly() {
    let world = World::new();
    let model = demo("models/1-linear.pmml");
    for command in [
        &["publish", "--loop", "--every", "1ms", &model][..],
        &["demo", "--listen", "127.0.0.1:0", "--rate", "100", "--duration", "60s"],
    ] {
        let said = world.say_to_head(command);
        assert_eq!((said.code, said.err.contains("Broken pipe")), (Some(0), false), "{said:?}");
    }
}

#[test]
fn what_was_asked_for_is_done_whoever_looks() {
    let world = World::new();
    let models = ["models/1-linear.pmml", "models/2-tree.pmml", "models/3-forest.pmml"].map(demo);
    let said = world.say_to_head(&["publish", &models[0], &models[1], &models[2]]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(world.say(&["consume", "models", "-e"]).success().lines().count(), 3);
}

#[test]
fn records_come_out_of_a_pipe() {
    let world = World::new();
    let pipe = world.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
    let writer = std::thread::spawn({
        let pipe = pipe.clone();
        move || std::fs::write(pipe, "alcohol,pH\n9.5,3.2\n10,3.1\n")
    });
    let said = world.say(&["produce", "pipe", "--rate", "max"]).success();
    assert!(said.contains("produced 2 records"), "{said}");
    writer.join().expect("the writer").expect("all of it is read");
    world.say(&["produce", "pipe", "--loop"]).failure(2, "cannot be begun again");
}

#[test]
fn a_model_that_instances_do_not_take_is_not_published() {
    let world = World::new();
    let model = demo("models/3-forest.pmml");
    let command = ["publish", &model, "--set", "models.max_size=100KiB"];
    world.say(&command).failure(65, "more than the 102400 of `models.max_size`");
    assert!(!world.path().join("scorewheel-data").exists());
}

#[test]
fn a_store_of_another_kind_is_begun_anew_as_the_message_says() {
    let world = World::new();
    world.say(&["publish", &demo("models/1-linear.pmml")]).success();
    let records = demo("records.csv");
    let produce = ["produce", &records, "--delimiter", ";", "--no-header", "--rate", "max", "-n", "3"];
    world.say(&produce).success();
    let run = world.run(&[]);
    run.wait_ready();
    run.wait_records(3);
    run.terminate();
    let (code, log) = world.begin(&["run", "--listen", "127.0.0.1:0", "--store", "custom"]).ended();
    assert_eq!(code, Some(78), "{log}");
    let command = "scorewheel reset --store modelStore --yes";
    assert!(log.contains(command), "{log}");
    world.say(&command.split(' ').skip(1).collect::<Vec<_>>()).success();
    world.say(&produce).success();
    let run = world.run(&["--store", "custom"]);
    run.wait_ready();
    run.wait_records(3);
    run.terminate();
    assert_eq!(world.say(&["consume", "-e"]).lines().len(), 6);
}
