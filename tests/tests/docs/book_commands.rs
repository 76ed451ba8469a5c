//! The commands in README and book print what these say.
//!
//! Blocks are run one after the other, page after page, in one directory, on an embedded Azure of their own. A YAML block that begins
//! with a path below `.kompox` is written there first, with the settings of that Azure. A line `...` stands for any
//! lines that are left out. The Azure has a DNS zone, and the cluster serves an Ingress, as the book says.

use std::collections::BTreeSet;

use kompox_tests::binary::TestEnvironment;
use regex::Regex;
use serde_json::json;

use super::markdown::{Block, blocks};
use super::{document, readme_and_book, settle, updating};

const PROGRAM: &str = env!("CARGO_BIN_EXE_kompoxops-under-test");
/// Where the book pretends to be.
const DIRECTORY: &str = "/home/you/shop";
const LEFT_OUT: &str = "...";

/// The command lines of a block, each with the lines that it prints. A line that begins with `$` further on in the
/// output of the quick start belongs to that output.
fn commands(block: &Block) -> Vec<(&str, Vec<&str>)> {
    let mut commands: Vec<(&str, Vec<&str>)> = Vec::new();
    for line in block.text.lines() {
        let nested = commands.last().is_some_and(|(command, _)| is_quickstart(command));
        match (line.strip_prefix("$ "), commands.last_mut()) {
            (Some(command), _) if !nested => commands.push((command, Vec::new())),
            (_, Some((_, printed))) => printed.push(line),
            (_, None) => panic!("{line:?} is printed by no command"),
        }
    }
    commands
}

fn is_quickstart(command: &str) -> bool {
    arguments(command).is_some_and(|arguments| arguments.starts_with("quickstart"))
}

fn arguments(command: &str) -> Option<&str> {
    command
        .strip_prefix("kompoxops ")
        .or_else(|| command.strip_prefix("cargo run -- "))
}

/// The flags that make a run of a test look like one on a terminal, and end by itself.
fn flags(arguments: &str) -> Vec<&'static str> {
    let mut flags = vec!["--progress", "none"];
    let mut command = &kompoxops::command();
    for word in arguments.split_whitespace() {
        match command.find_subcommand(word) {
            Some(found) => command = found,
            None => break,
        }
    }
    let has_output = command
        .get_arguments()
        .any(|argument| argument.get_id() == "output");
    if has_output && !arguments.contains(" -o ") {
        flags.extend(["-o", "table"]);
    }
    match command.get_name() {
        "quickstart" => flags.extend(["--timing", "zero"]),
        "run" => flags.push("--until-stdin-closes"),
        _ => {}
    }
    flags
}

/// What stands for the reader's subscription.
const SUBSCRIPTION: &str = "00000000-0000-0000-0000-000000000000";

/// A place like that of a reader who has just begun: nothing but an Azure.
struct Reader {
    environment: TestEnvironment,
    last_code: Option<i32>,
    /// Whether the secret that signs in is in a file, as the book advises where there is one.
    secret_in_file: bool,
}

impl Reader {
    fn new() -> Self {
        let environment = TestEnvironment::new(PROGRAM);
        std::fs::remove_dir_all(environment.path(".kompox")).unwrap();
        let reader = Self {
            environment,
            last_code: None,
            secret_in_file: false,
        };
        let group = format!("{}/resourceGroups/dns", reader.subscription());
        let body = json!({ "location": "japaneast", "properties": { "provisioningState": "Succeeded" } });
        reader.put(&group, body);
        reader.put(
            &format!("{group}/providers/Microsoft.Network/dnsZones/example.com"),
            json!({ "location": "global" }),
        );
        reader
    }

    fn subscription(&self) -> String {
        format!("/subscriptions/{}", self.environment.connection().subscription_id)
    }

    fn put(&self, id: &str, body: serde_json::Value) {
        let emulator = self.environment.emulator();
        self.environment
            .block_on(emulator.put_resource(id, body))
            .unwrap();
    }

    /// Puts the app's Ingress into the cluster, as the app's manifests and the ingress do.
    fn serve(&self) {
        let emulator = self.environment.emulator();
        let everything = self
            .environment
            .block_on(emulator.resources(&self.subscription()));
        let is_cluster = |kind: &str| kind.eq_ignore_ascii_case("Microsoft.ContainerService/managedClusters");
        let cluster = everything
            .iter()
            .find(|one| one["type"].as_str().is_some_and(is_cluster))
            .unwrap();
        let services = emulator.kubernetes_objects(cluster["id"].as_str().unwrap(), "services");
        let services = self.environment.block_on(services).unwrap();
        let served = services
            .iter()
            .find(|service| service["metadata"]["name"] == "traefik")
            .map(|service| service["status"].clone())
            .unwrap();
        let namespace = "kompox-web-e7bf9a";
        for object in [
            json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": namespace } }),
            json!({ "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
                "metadata": { "name": "web", "namespace": namespace },
                "spec": { "rules": [{ "host": "www.example.com" }, { "host": "*.example.com" }] },
                "status": served }),
        ] {
            let put = emulator.put_kubernetes_object(cluster["id"].as_str().unwrap(), object);
            self.environment.block_on(put).unwrap();
        }
    }

    /// Writes a file that the book shows, with the settings of the Azure that is there.
    fn write(&self, block: &Block) {
        let Some(path) = block.text.strip_prefix("# .kompox/") else {
            return;
        };
        let path = format!(".kompox/{}", path.lines().next().unwrap());
        let settings = self.environment.connection().settings();
        let mut text = String::new();
        for line in block.text.lines() {
            let key = line.trim().split(':').next().unwrap();
            if key == "AZURE_SUBSCRIPTION_ID" {
                for (key, value) in &settings {
                    let value = if key == "AZURE_CLIENT_SECRET" && self.secret_in_file {
                        "file:../secrets/client-secret"
                    } else {
                        value
                    };
                    text.extend([
                        "    ",
                        key,
                        ": ",
                        &serde_json::Value::from(value).to_string(),
                        "\n",
                    ]);
                }
            } else if !settings.contains_key(key) {
                let own = &self.environment.connection().subscription_id;
                text.extend([&line.replace(SUBSCRIPTION, own), "\n"]);
            }
        }
        self.environment.write(path, &text);
    }

    /// Runs a command line and gives what it prints, as the book may show it.
    fn run(&mut self, command: &str) -> String {
        if command == "echo $?" {
            return format!("{}\n", self.last_code.unwrap());
        }
        let arguments = arguments(command).unwrap_or_else(|| panic!("{command:?} cannot be run here"));
        if arguments.starts_with("dns deploy") {
            self.serve();
        }
        let mut run = self.environment.command(arguments);
        for flag in flags(arguments) {
            run = run.arg(flag);
        }
        let output = run.run();
        let text = format!("{}{}", output.stdout, output.stderr);
        let refused = text
            .lines()
            .any(|line| line.starts_with("error: ") || line.starts_with("{\"error\""));
        self.last_code = output.code();
        if !is_quickstart(command) {
            // A dry run that would change something has another exit code, and is no error.
            let failed = !matches!(self.last_code, Some(0 | 3));
            assert_eq!(refused, failed, "{command}: {output}");
        }
        let (directory, azure) = (self.environment.work(), self.environment.connection());
        let presentable = [
            (directory.canonicalize().unwrap().display().to_string(), DIRECTORY),
            (directory.display().to_string(), DIRECTORY),
            (
                azure.ca_file.display().to_string(),
                "/home/you/shop/.azure/ca.pem",
            ),
            (azure.arm_endpoint.clone(), "https://127.0.0.1:8443"),
            (azure.subscription_id.clone(), SUBSCRIPTION),
            (azure.tenant_id.clone(), "00000000-0000-0000-0000-000000000001"),
            (azure.client_id.clone(), "00000000-0000-0000-0000-000000000002"),
            ("kompoxops-under-test".to_owned(), "kompoxops"),
        ];
        let replace = |text: String, (from, to): &(String, &str)| text.replace(from, to);
        presentable.iter().fold(text, replace)
    }

    fn redacted(&self, lines: &[&str]) -> Vec<String> {
        // Where a machine is slow, an age may be in minutes.
        let minutes = Regex::new(r"(?m)   \d+[mhd]$").unwrap();
        let text = lines.join("\n");
        let text = self
            .environment
            .redactor()
            .redact(&minutes.replace_all(&text, "   0s"));
        text.lines().map(|line| line.trim_end().to_owned()).collect()
    }
}

/// Whether what is printed is what is shown, where some lines may be left out.
fn agrees(shown: &[String], printed: &[String]) -> bool {
    match shown.split_first() {
        None => printed.is_empty(),
        Some((line, rest)) if line == LEFT_OUT => {
            (0..=printed.len()).any(|skipped| agrees(rest, &printed[skipped..]))
        }
        Some((line, rest)) => printed
            .split_first()
            .is_some_and(|(first, printed)| first == line && agrees(rest, printed)),
    }
}

#[test]
fn every_command_of_readme_and_book_prints_what_they_say() {
    let mut reader = Reader::new();
    let mut wrong = Vec::new();
    let mut pages = Vec::new();
    for page in readme_and_book() {
        let text = run_page(&mut reader, &document(&page), &mut wrong);
        pages.push((page, text));
    }
    assert!(
        wrong.is_empty(),
        "these print something else than is shown; UPDATE_README=1 writes all that is not abridged\n\n{}",
        wrong.join("\n\n")
    );
    for (page, text) in pages {
        settle(&page, &text);
    }
}

/// Runs the commands of a page, and gives the page with what they print in place of what it shows. What is wrong in
/// `wrong` cannot be written, or shall not be.
fn run_page(reader: &mut Reader, text: &str, wrong: &mut Vec<String>) -> String {
    let mut lines: Vec<String> = text.lines().map(ToOwned::to_owned).collect();
    let mut replaced: Vec<(std::ops::Range<usize>, Vec<String>)> = Vec::new();
    for block in blocks(text) {
        if block.language == "yaml" {
            reader.write(&block);
        }
        if block.language != "console" {
            continue;
        }
        let mut anew = Vec::new();
        for (command, shown) in commands(&block) {
            let printed = reader.run(command);
            let printed: Vec<&str> = printed.lines().map(str::trim_end).collect();
            let (expected, found) = (reader.redacted(&shown), reader.redacted(&printed));
            anew.push(format!("$ {command}"));
            if agrees(&expected, &found) {
                anew.extend(shown.into_iter().map(ToOwned::to_owned));
                continue;
            }
            let abridged = expected.iter().any(|line| line == LEFT_OUT);
            if abridged || !updating() {
                wrong.push(format!("$ {command}\n{}", found.join("\n")));
            }
            anew.extend(printed.into_iter().map(ToOwned::to_owned));
        }
        replaced.push((block.lines, anew));
    }
    for (range, anew) in replaced.into_iter().rev() {
        lines.splice(range, anew);
    }
    lines.join("\n") + "\n"
}

/// The commands that write into the directory where they are run.
const WRITERS: [&str; 5] = [
    "init",
    "quickstart",
    "cluster provision",
    "cluster kubeconfig",
    "emulator run",
];

#[test]
fn the_commands_run_in_a_git_directory_put_no_credential_into_the_index() {
    let mut reader = Reader::new();
    reader.secret_in_file = true;
    let secret = &reader.environment.connection().client_secret;
    reader.environment.write(".kompox/secrets/client-secret", secret);
    let work = reader.environment.work();
    let git = |arguments: &[&str]| {
        let mut git = std::process::Command::new("git");
        // Nobody's own settings, such as files to ignore.
        git.env("GIT_CONFIG_GLOBAL", "").env("GIT_CONFIG_NOSYSTEM", "1");
        git.args(arguments).current_dir(&work).output()
    };
    if git(&["init", "-q"]).is_err() {
        // Without git there is no index.
        return;
    }
    let mut run = BTreeSet::new();
    let pages = readme_and_book().into_iter().map(|page| document(&page));
    for block in pages.flat_map(|text| blocks(&text)) {
        match block.language.as_str() {
            "yaml" => reader.write(&block),
            "console" => {
                for (command, _) in commands(&block) {
                    let words = arguments(command).unwrap_or_default();
                    let writer = WRITERS.into_iter().find(|writer| words.starts_with(writer));
                    if let Some(writer) = writer.filter(|_| !words.contains("--dry-run")) {
                        reader.run(command);
                        run.insert(writer);
                    }
                }
            }
            _ => {}
        }
    }
    assert_eq!(run, BTreeSet::from(WRITERS));
    let there = |path: &str| reader.environment.path(path).exists();
    assert!(there(".kompox/secrets/kubeconfig") && there(".azure/identity.json"));
    assert!(there("kompoxops-quickstart/.kompox/secrets/kubeconfig"));

    assert!(git(&["add", "-A"]).unwrap().status.success());
    let indexed = git(&["ls-files", "-z"]).unwrap().stdout;
    let indexed = String::from_utf8(indexed).unwrap();
    let mut paths: Vec<&str> = indexed.split_terminator('\0').collect();
    paths.sort_unstable();
    assert!(paths.contains(&".kompox/kom/shop.yml"), "{paths:?}");
    let secrets = [
        reader.environment.connection().client_secret.clone(),
        "PRIVATE KEY".to_owned(),
        "client-key-data".to_owned(),
        "client_secret\":".to_owned(),
    ];
    for path in paths {
        let of_secrets = path.contains("secrets/") || path.contains(".azure/");
        assert!(!of_secrets, "{path}");
        let bytes = std::fs::read(work.join(path)).unwrap();
        let content = String::from_utf8_lossy(&bytes);
        let found = secrets.iter().position(|secret| content.contains(secret));
        assert_eq!(found, None, "{path}");
    }
}

#[test]
fn every_command_of_the_program_is_shown_with_its_output() {
    let pages = readme_and_book().into_iter().map(|page| document(&page));
    let blocks: Vec<Block> = pages.flat_map(|text| blocks(&text)).collect();
    let shown: BTreeSet<&str> = blocks
        .iter()
        .filter(|block| block.language == "console")
        .flat_map(commands)
        .filter_map(|(command, _)| arguments(command))
        .collect();
    let program = kompoxops::command();
    let mut open = vec![(String::new(), &program)];
    let mut leaves = 0;
    while let Some((path, command)) = open.pop() {
        let children = command.get_subcommands();
        open.extend(children.map(|child| (format!("{path} {}", child.get_name()), child)));
        if command.has_subcommands() {
            continue;
        }
        leaves += 1;
        let path = path.trim_start();
        let there = shown
            .iter()
            .any(|command| *command == path || command.starts_with(&format!("{path} ")));
        assert!(there, "neither README nor book shows `kompoxops {path}`");
    }
    assert!(leaves > 15, "only {leaves} commands were found");
}

#[test]
fn lines_may_be_left_out_only_where_the_page_says_so() {
    let lines = |text: &str| text.split(' ').map(ToOwned::to_owned).collect::<Vec<_>>();
    for (shown, printed, agree) in [
        ("a b", "a b", true),
        ("a b", "a x b", false),
        ("a ... b", "a x y b", true),
        ("a ... b", "a b", true),
        ("... b", "a b c", false),
        ("a ...", "a b c", true),
        ("a ... c ... e", "a b c d e", true),
        ("a ... d ... c", "a b c d", false),
    ] {
        assert_eq!(
            agrees(&lines(shown), &lines(printed)),
            agree,
            "{shown} / {printed}"
        );
    }
}
