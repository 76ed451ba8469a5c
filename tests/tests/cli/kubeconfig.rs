//! `cluster kubeconfig` and `cluster token`: what they print, and what becomes of the files they are given.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use insta::assert_snapshot;
use kompox_tests::binary::{Output, TestEnvironment};
use kompoxops::exit_codes::{DIFFERENCE, DONE, FAILED, USAGE};
use regex::Regex;
use serde_json::Value;

use crate::shop;

/// Where `--merge` goes without more.
const DEFAULT: &str = "../home/.kube/config";

/// A file of somebody with a cluster of their own.
const OTHERS: &str = "\
apiVersion: v1
kind: Config
clusters:
- name: theirs
  cluster: {server: 'https://theirs:6443', insecure-skip-tls-verify: yes}
users:
- name: '007'
  user: {token: \"1e3\", unheard-of: [~, 0x1F]}
contexts:
- name: theirs
  context: {cluster: theirs, user: '007'}
current-context: theirs
";

/// An environment with a cluster that runs.
fn provisioned() -> TestEnvironment {
    let env = shop();
    env.run("cluster provision -q").assert_code(DONE);
    env
}

/// What it printed, with placeholders for names, certificates and tokens.
fn settled(output: &Output) -> String {
    let mut text = output.to_string();
    for (pattern, placeholder) in [
        (r"_kubernetes/[0-9a-f]+", "_kubernetes/[UID]"),
        (r"(-data|token): \S+", "$1: [DATA]"),
    ] {
        text = Regex::new(pattern)
            .unwrap()
            .replace_all(&text, placeholder)
            .into_owned();
    }
    text
}

/// Every file below the environment's root, with what it holds.
fn files(env: &TestEnvironment) -> BTreeMap<PathBuf, Vec<u8>> {
    fn walk(directory: &Path, found: &mut BTreeMap<PathBuf, Vec<u8>>) {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else {
                found.insert(path.clone(), std::fs::read(path).unwrap());
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(&env.path(".."), &mut found);
    found
}

/// The names in a list of a kubeconfig, read by another reader than ours.
fn names(yaml: &str, list: &str) -> Vec<String> {
    let config: Value = serde_saphyr::from_str(yaml).unwrap();
    let items = config[list].as_array().unwrap().iter();
    items
        .map(|item| item["name"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn it_is_printed_with_the_administrator_or_with_a_program_for_tokens() {
    let env = provisioned();
    assert_snapshot!(settled(&env.run("cluster kubeconfig --namespace shop").expect(DONE)), @r"
    apiVersion: v1
    kind: Config
    clusters:
    - cluster:
        certificate-authority-data: [DATA]
        server: https://127.0.0.1:[PORT]/_kubernetes/[UID]
        tls-server-name: aks-[TOKEN......].hcp.japaneast.azmk8s.io
        extensions:
        - extension:
            cluster: /subscriptions/[SUBSCRIPTION......................]/resourcegroups/rg-main/providers/microsoft.containerservice/managedclusters/aks-[TOKEN......]
          name: ops.kompox.dev
      name: kompox-main-3d0d77
    users:
    - user:
        client-certificate-data: [DATA]
        client-key-data: [DATA]
        token: [DATA]
        extensions:
        - extension:
            cluster: /subscriptions/[SUBSCRIPTION......................]/resourcegroups/rg-main/providers/microsoft.containerservice/managedclusters/aks-[TOKEN......]
          name: ops.kompox.dev
      name: kompox-main-3d0d77
    contexts:
    - context:
        cluster: kompox-main-3d0d77
        user: kompox-main-3d0d77
        extensions:
        - extension:
            cluster: /subscriptions/[SUBSCRIPTION......................]/resourcegroups/rg-main/providers/microsoft.containerservice/managedclusters/aks-[TOKEN......]
          name: ops.kompox.dev
        namespace: shop
      name: kompox-main-3d0d77
    current-context: kompox-main-3d0d77
    [exit status: 0]
    ");
    let user = env
        .command("cluster kubeconfig --cred user --format json --kom-path .kompox/kom --context mine")
        .env("KOMPOX_ROOT", ".")
        .run()
        .expect(DONE);
    let config = user.json();
    let exec = &config["users"][0]["user"]["exec"];
    let work = env.work().canonicalize().unwrap();
    let shown = |path: &Path| path.display().to_string();
    assert_eq!(
        exec["args"],
        serde_json::json!([
            "cluster",
            "token",
            "--cluster-id",
            "/ws/demo/prv/azure/cls/main",
            "-C",
            shown(&work),
            "--kom-path",
            shown(&work.join(".kompox/kom")),
        ])
    );
    assert_eq!(
        exec["env"][0],
        serde_json::json!({"name": "KOMPOX_ROOT", "value": "."})
    );
    assert_eq!(config["current-context"], "mine");
    assert!(!user.stdout.contains(&env.connection().client_secret));

    // From anywhere, the command gives out a token that ends, in the form that kubectl takes.
    let args: Vec<&str> = exec["args"]
        .as_array()
        .unwrap()
        .iter()
        .map(|arg| arg.as_str().unwrap())
        .collect();
    let info = r#"{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","spec":{}}"#;
    let mut token = env
        .command("")
        .in_directory("../tmp")
        .env("KUBERNETES_EXEC_INFO", info);
    for arg in args {
        token = token.arg(arg);
    }
    let credential = token.run().expect(DONE).json();
    assert_eq!(credential["apiVersion"], "client.authentication.k8s.io/v1");
    assert_eq!(credential["kind"], "ExecCredential");
    assert!(
        credential["status"]["expirationTimestamp"]
            .as_str()
            .unwrap()
            .ends_with('Z')
    );
    assert_eq!(
        credential["status"]["token"].as_str().unwrap().split('.').count(),
        3
    );
}

#[test]
fn a_merge_is_shown_first_keeps_everything_else_and_the_second_changes_nothing() {
    let env = provisioned();
    std::fs::create_dir_all(env.path("../home/.kube")).unwrap();
    env.write(DEFAULT, OTHERS);
    assert_snapshot!(settled(&env.run("cluster kubeconfig --merge --set-current --dry-run").expect(DIFFERENCE)), @r"
    create cluster kompox-main-3d0d77 in [ROOT]/home/.kube/config
    create user kompox-main-3d0d77 in [ROOT]/home/.kube/config
    create context kompox-main-3d0d77 in [ROOT]/home/.kube/config
    change current context to kompox-main-3d0d77 in [ROOT]/home/.kube/config
    [exit status: 3]
    ");
    assert_eq!(env.read(DEFAULT), OTHERS);
    assert_snapshot!(settled(&env.run("cluster kubeconfig --merge").expect(DONE)), @r"
    ------- stderr -------
    context kompox-main-3d0d77 is in [ROOT]/home/.kube/config; use it: kubectl --context kompox-main-3d0d77 get namespaces
    what it held before is in [ROOT]/home/.kube/config.kompox-backup
    [exit status: 0]
    ");
    assert_eq!(env.read(format!("{DEFAULT}.kompox-backup")), OTHERS);
    let merged = env.read(DEFAULT);
    for kept in [
        "- name: theirs\n  cluster:\n    server: 'https://theirs:6443'\n    insecure-skip-tls-verify: yes\n",
        "- name: '007'\n  user:\n    token: \"1e3\"\n    unheard-of:\n    - null\n    - 0x1F\n",
        "current-context: theirs\n",
    ] {
        assert!(merged.contains(kept), "{merged}");
    }
    assert_eq!(names(&merged, "contexts"), ["theirs", "kompox-main-3d0d77"]);

    let before = files(&env);
    assert_snapshot!(settled(&env.run("cluster kubeconfig --merge").expect(DONE)), @r"
    ------- stderr -------
    context kompox-main-3d0d77 in [ROOT]/home/.kube/config is as it should be; use it: kubectl --context kompox-main-3d0d77 get namespaces
    [exit status: 0]
    ");
    assert!(files(&env) == before);
    assert_snapshot!(settled(&env.run("cluster kubeconfig --merge --cred user --dry-run").expect(DIFFERENCE)), @r"
    update user kompox-main-3d0d77 (exec, client-certificate-data, client-key-data, token) in [ROOT]/home/.kube/config
    [exit status: 3]
    ");
    env.run("cluster kubeconfig --merge --dry-run").assert_code(DONE);
}

#[test]
fn a_file_that_cannot_be_used_is_left_as_it_is() {
    let env = provisioned();
    env.write("broken", "clusters: [\n");
    env.write("other", "kind: Secret\n");
    env.write("clash", &OTHERS.replace("theirs\n", "kompox-main-3d0d77\n"));
    std::fs::create_dir(env.path("directory")).unwrap();
    let before = files(&env);
    for flags in ["", " --dry-run"] {
        for name in ["broken", "other", "clash", "directory"] {
            let line = format!("cluster kubeconfig --merge --kubeconfig {name}{flags}");
            env.run(&line).assert_code(FAILED);
        }
        for name in ["broken", "other", "clash"] {
            env.run(&format!("cluster kubeconfig -o {name}{flags}"))
                .assert_code(FAILED);
        }
    }
    assert!(files(&env) == before);
    assert_snapshot!(env.run("cluster kubeconfig --merge --kubeconfig broken"), @r"
    ------- stderr -------
    error: cannot use [ROOT]/work/broken (invalidInput)
      caused by: line 1: this is not valid YAML: unclosed bracket '['
    hint: it was left as it is; mend it, or name another file
    [exit status: 1]
    ");
    assert_snapshot!(env.run("cluster kubeconfig --merge --kubeconfig clash"), @r"
    ------- stderr -------
    error: cannot merge into [ROOT]/work/clash (conflict)
      caused by: cluster kompox-main-3d0d77 is there already and leads to another cluster at https://theirs:6443
    hint: choose another name with --context, or replace it with --force
    [exit status: 1]
    ");
    assert_snapshot!(env.run("cluster kubeconfig -o broken"), @r"
    ------- stderr -------
    error: [ROOT]/work/broken is there already and holds something else (conflict)
      caused by: line 1: this is not valid YAML: unclosed bracket '['
    hint: to add the cluster to it: --merge --kubeconfig [ROOT]/work/broken; to replace it, with a backup beside it: --force
    [exit status: 1]
    ");
    let forced = env
        .run("cluster kubeconfig --merge --kubeconfig clash --force")
        .expect(DONE);
    assert!(forced.stderr.contains("clash.kompox-backup"), "{forced}");
    env.run("cluster kubeconfig -o broken --force").assert_code(DONE);
    assert_eq!(env.read("broken.kompox-backup"), "clusters: [\n");
    // What an earlier run made is nobody's loss.
    let again = env.run("cluster kubeconfig -o broken --cred user").expect(DONE);
    assert!(env.read("broken").contains("exec:"), "{again}");
}

#[test]
fn a_file_of_its_own_is_replaced_without_force_only_where_nothing_but_a_credential_goes() {
    let env = provisioned();
    env.run("cluster kubeconfig -o ours").assert_code(DONE);
    env.run("cluster kubeconfig -o ours.json --format json")
        .assert_code(DONE);
    let (ours, json) = (env.read("ours"), env.read("ours.json"));
    let added = |before: &str, line: &str| {
        let text = ours.replacen(before, &format!("{line}{before}"), 1);
        assert_ne!(text, ours);
        text
    };
    let edited = [
        ("comments", "# of somebody\n".to_owned()),
        (
            "preferences",
            "kind: Config\npreferences: {colors: true}\n".to_owned(),
        ),
        ("others", OTHERS.to_owned()),
        ("commented", format!("{ours}# how to renew it\n")),
        ("unlike", ours.replace("kind: Config", "kind:  Config")),
        ("json", json.replace('\n', "\n\n")),
        ("colours", format!("{ours}preferences:\n  colors: true\n")),
        (
            "namespace",
            added("  name: kompox-main-3d0d77\ncurrent", "    namespace: mine\n"),
        ),
        ("proxy", added("    server:", "    proxy-url: http://proxy\n")),
        (
            "elsewhere",
            ours.replace("https://127.0.0.1:", "https://127.0.0.2:"),
        ),
        ("impersonated", added("    client-key-data:", "    as: root\n")),
        (
            "current",
            ours.replace("current-context: ", "current-context: not-"),
        ),
    ];
    for (name, text) in &edited {
        env.write(name, text);
    }
    let before = files(&env);
    for (name, _) in &edited {
        for flags in ["", " --dry-run"] {
            let refused = env.run(&format!("cluster kubeconfig -o ./{name}{flags}"));
            assert_eq!(refused.code(), Some(i32::from(FAILED)), "{name}: {refused}");
            assert!(refused.stderr.contains("--force"), "{name}: {refused}");
            assert!(refused.stderr.contains("caused by: "), "{name}: {refused}");
        }
    }
    assert!(files(&env) == before);
    for (name, text) in &edited {
        env.run(&format!("cluster kubeconfig -o ./{name} --force"))
            .assert_code(DONE);
        assert_eq!(
            (&env.read(name), &env.read(format!("{name}.kompox-backup"))),
            (&ours, text)
        );
    }
    let token = Regex::new(r"token: \S+").unwrap();
    for (name, text) in [
        ("nothing", String::new()),
        ("ours", ours.clone()),
        ("ours", token.replace(&ours, "token: of-yesterday").into_owned()),
        ("ours.json", json),
    ] {
        env.write(name, &text);
        env.run(&format!("cluster kubeconfig -o {name}"))
            .assert_code(DONE);
        assert_eq!(env.read(name), ours, "{name}");
        assert!(!env.path(format!("{name}.kompox-backup")).exists(), "{name}");
    }
    // A program for tokens is a credential too, where it is this one; it says where it was asked for.
    env.run("cluster kubeconfig -o ours --cred user")
        .assert_code(DONE);
    env.command("cluster kubeconfig -o ../work/ours --cred user -C ../work")
        .in_directory("../tmp")
        .run()
        .assert_code(DONE);
    let kubelogin = env
        .read("ours")
        .replace("- cluster\n      - token\n", "- get-token\n");
    env.write("kubelogin", &kubelogin);
    env.run("cluster kubeconfig -o ours").assert_code(DONE);
    assert_eq!(env.read("ours"), ours);
    assert_snapshot!(env.run("cluster kubeconfig -o kubelogin"), @r#"
    ------- stderr -------
    error: [ROOT]/work/kubelogin is there already and holds something else (conflict)
      caused by: its user has "exec", which is not the same
    hint: to add the cluster to it: --merge --kubeconfig [ROOT]/work/kubelogin; to replace it, with a backup beside it: --force
    [exit status: 1]
    "#);
}

#[test]
fn a_file_named_like_an_output_format_or_in_no_directory_is_refused_before_anything_is_asked() {
    let env = shop();
    for format in ["json", "yaml", "table", "name", "auto", "JSON"] {
        for flag in ["-o ", "--out=", "--force --dry-run -o "] {
            let refused = env.run(&format!("cluster kubeconfig {flag}{format}"));
            assert_eq!(refused.code(), Some(i32::from(USAGE)), "{refused}");
            assert!(refused.stderr.contains("--format"), "{refused}");
        }
    }
    assert_snapshot!(env.run("cluster kubeconfig -o json"), @r"
    ------- stderr -------
    error: --out names a file here, and json is an output format of other commands (usage)
    hint: --format yaml or --format json says how it is written; --out ./json names a file
    [exit status: 2]
    ");
    for flags in ["", " --dry-run", " --force"] {
        let refused = env.run(&format!("cluster kubeconfig -o not/there/cluster.yml{flags}"));
        assert_eq!(refused.code(), Some(i32::from(FAILED)), "{refused}");
    }
    assert_snapshot!(env.run("cluster kubeconfig -o not/there/cluster.yml"), @r"
    ------- stderr -------
    error: there is no directory [ROOT]/work/not/there (invalidInput)
    hint: make it first, or name a file elsewhere
    [exit status: 1]
    ");
    env.write("file", "");
    env.run("cluster kubeconfig -o file/cluster.yml")
        .assert_code(FAILED);
    assert!(!env.path("not").exists());
    assert!(env.emulator().requests().is_empty());
}

#[test]
fn a_dry_run_writes_nothing_wherever_it_would_go() {
    let env = provisioned();
    env.write("there", OTHERS);
    let before = files(&env);
    for (flags, code) in [
        ("", DONE),
        ("-o -", DONE),
        ("-o new.yml", DIFFERENCE),
        ("-o new.yml --print-export", DIFFERENCE),
        ("-o there --force", DIFFERENCE),
        ("--temp", DIFFERENCE),
        ("--temp --print-export", DIFFERENCE),
        ("--merge", DIFFERENCE),
        ("--merge --kubeconfig there", DIFFERENCE),
        ("--merge --kubeconfig there --set-current --force", DIFFERENCE),
    ] {
        let output = env
            .run(&format!("cluster kubeconfig --dry-run {flags}"))
            .expect(code);
        assert!(!output.stdout.contains("apiVersion"), "{flags}: {output}");
    }
    assert!(files(&env) == before);
    assert!(!env.path("../home/.kube").exists());
}

#[test]
fn a_file_of_its_own_and_a_temporary_one_are_private_and_told_by_their_paths() {
    let env = provisioned();
    assert_snapshot!(env.run("cluster kubeconfig -o cluster.yml").expect(DONE), @r"
    ------- stderr -------
    [ROOT]/work/cluster.yml holds context kompox-main-3d0d77; use it: kubectl --kubeconfig [ROOT]/work/cluster.yml get namespaces
    [exit status: 0]
    ");
    let output = env
        .command("cluster kubeconfig --print-export -o")
        .arg("it's.yml")
        .run()
        .expect(DONE);
    assert_snapshot!(output, @r"
    export KUBECONFIG='[ROOT]/work/it'\''s.yml'
    [exit status: 0]
    ");
    let temporary = env.run("cluster kubeconfig --temp").expect(DONE);
    assert_snapshot!(temporary, @r"
    [ROOT]/tmp/kompox-kubeconfig-[ULID-1..................]
    [exit status: 0]
    ");
    assert_eq!(
        std::fs::read_to_string(temporary.stdout.trim_end()).unwrap(),
        env.read("cluster.yml")
    );
    #[cfg(unix)]
    for path in [temporary.stdout.trim_end(), "cluster.yml", "it's.yml"] {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(env.path(path)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{path}");
    }
}

#[test]
fn flags_that_cannot_be_meant_together_are_a_usage_error_before_anything_is_asked() {
    let env = shop();
    for flags in [
        "--merge -o x",
        "--merge --temp",
        "--temp -o x",
        "--kubeconfig x",
        "--set-current",
        "--temp --set-current",
        "--force",
        "--temp --force",
        "--print-export",
        "--merge --print-export",
        "-o - --print-export",
        "--merge --format json",
        "--namespace Not_A_Label",
        "--cred root",
        "--address both",
        "--context=",
    ] {
        let output = env.run(&format!("cluster kubeconfig {flags}"));
        assert_eq!(output.code(), Some(i32::from(USAGE)), "{flags}: {output}");
    }
    assert!(env.emulator().requests().is_empty());
}

#[test]
fn without_a_cluster_it_says_how_to_get_one_and_a_token_in_another_form_is_refused() {
    let env = shop();
    assert_snapshot!(env.run("cluster kubeconfig --merge").expect(FAILED), @"
    ------- stderr -------
    error: cannot get a kubeconfig of cluster /ws/demo/prv/azure/cls/main (notFound)
      caused by: cluster /ws/demo/prv/azure/cls/main is not there yet
    hint: provision it: kompoxops cluster provision
    [exit status: 1]
    ");
    assert!(!env.path("../home/.kube").exists());
    let info = r#"{"apiVersion":"client.authentication.k8s.io/v1beta1"}"#;
    let refused = env
        .command("cluster token")
        .env("KUBERNETES_EXEC_INFO", info)
        .run();
    assert_snapshot!(refused, @r#"
    ------- stderr -------
    error: a token is asked for as "client.authentication.k8s.io/v1beta1", and is given out as client.authentication.k8s.io/v1 only (invalidInput)
    hint: make the context anew: kompoxops cluster kubeconfig --merge --cred user
    [exit status: 1]
    "#);
}

#[test]
fn many_who_merge_at_once_and_are_killed_at_any_moment_lose_nothing() {
    let env = provisioned();
    env.write("config", OTHERS);
    let begin = |name: &str| {
        env.command(&format!(
            "cluster kubeconfig --merge --kubeconfig config --context {name}"
        ))
        .spawn()
    };
    let all: Vec<String> = (0..6).map(|number| format!("c{number}")).collect();
    // Some are killed: dropped, they end at once, wherever they are.
    for milliseconds in [0, 20, 40, 60, 80, 100, 120] {
        let killed: Vec<_> = all.iter().map(|name| begin(name)).collect();
        std::thread::sleep(Duration::from_millis(milliseconds));
        drop(killed);
        let text = env.read("config");
        let contexts = names(&text, "contexts");
        assert_eq!(contexts.first().map(String::as_str), Some("theirs"), "{text}");
        assert!(text.contains("0x1F"), "{text}");
        for list in ["clusters", "users"] {
            assert_eq!(names(&text, list).len(), contexts.len(), "{text}");
        }
    }
    let running: Vec<_> = all.iter().map(|name| begin(name)).collect();
    for run in running {
        run.wait().assert_code(DONE);
    }
    let mut contexts = names(&env.read("config"), "contexts");
    contexts.sort();
    assert_eq!(contexts, ["c0", "c1", "c2", "c3", "c4", "c5", "theirs"]);
    assert!(!env.path("config.lock").exists());
}

#[cfg(unix)]
#[test]
fn a_linked_kubeconfig_stays_a_link_and_what_it_leads_to_is_replaced_and_made_private() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    let env = provisioned();
    env.write("dotfiles", OTHERS);
    std::fs::set_permissions(env.path("dotfiles"), std::fs::Permissions::from_mode(0o644)).unwrap();
    symlink("dotfiles", env.path("link")).unwrap();
    env.command("cluster kubeconfig --merge")
        .env("KUBECONFIG", ":link:elsewhere")
        .run()
        .assert_code(DONE);
    assert!(env.path("link").is_symlink());
    assert_eq!(names(&env.read("dotfiles"), "contexts").len(), 2);
    let mode = |path: &str| std::fs::metadata(env.path(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("dotfiles"), mode("dotfiles.kompox-backup")), (0o600, 0o600));
    env.run("cluster kubeconfig --merge").assert_code(DONE);
    assert_eq!((mode("../home/.kube"), mode(DEFAULT)), (0o700, 0o600));
}

#[test]
fn of_several_files_kubectl_s_rules_say_which_is_written_and_no_entry_is_in_two() {
    let env = provisioned();
    let merge = |list: &[&str], flags: &str| {
        env.command(&format!("cluster kubeconfig --merge{flags}"))
            .env("KUBECONFIG", std::env::join_paths(list).unwrap())
            .run()
    };
    env.write("theirs", OTHERS);
    env.write("empty", "");
    let before = files(&env);
    assert_snapshot!(merge(&["", "none/here", "empty", "theirs"], " --dry-run").expect(DIFFERENCE), @r"
    create cluster kompox-main-3d0d77 in [ROOT]/work/empty
    create user kompox-main-3d0d77 in [ROOT]/work/empty
    create context kompox-main-3d0d77 in [ROOT]/work/empty
    [exit status: 3]
    ");
    assert!(files(&env) == before);
    // The first that is there; the context that another file chose stays.
    let first = merge(&["none/here", "empty", "theirs"], "").expect(DONE);
    assert!(first.stderr.contains("/work/empty; use it"), "{first}");
    let merged = env.read("empty");
    assert_eq!(names(&merged, "contexts"), ["kompox-main-3d0d77"]);
    assert!(!merged.contains("current-context"), "{merged}");
    assert_eq!(env.read("theirs"), OTHERS);
    assert!(!env.path("none").exists());
    // In another order the entries are found where they stand, and updated there.
    let before = files(&env);
    let same = merge(&["theirs", "empty"], "").expect(DONE);
    assert!(same.stderr.contains("/work/empty is as it should be"), "{same}");
    assert!(files(&env) == before);
    env.write(
        "empty",
        &merged.replace("https://127.0.0.1:", "https://127.0.0.2:"),
    );
    assert_snapshot!(merge(&["theirs", "empty"], "").expect(DONE), @"
    ------- stderr -------
    context kompox-main-3d0d77 is in [ROOT]/work/empty; use it: kubectl --context kompox-main-3d0d77 get namespaces
    what it held before is in [ROOT]/work/empty.kompox-backup.2
    [exit status: 0]
    ");
    assert_eq!(
        (env.read("empty"), env.read("theirs")),
        (merged, OTHERS.to_owned())
    );
    // The current context is set where kubectl sets it.
    assert_snapshot!(merge(&["theirs", "empty"], " --set-current").expect(DONE), @r"
    ------- stderr -------
    context kompox-main-3d0d77 is in [ROOT]/work/empty; use it: kubectl get namespaces
    what it held before is in [ROOT]/work/theirs.kompox-backup
    [exit status: 0]
    ");
    assert_eq!(
        env.read("theirs")
            .replace("kompox-main-3d0d77", "theirs")
            .matches("current-context: theirs\n")
            .count(),
        1
    );
    assert!(!env.read("empty").contains("current-context"));

    // None is there: the last is made, with its directory.
    merge(&["none/here", "last/config"], "").assert_code(DONE);
    assert!(!env.path("none").exists());
    assert!(
        env.read("last/config")
            .contains("current-context: kompox-main-3d0d77\n")
    );

    // One that cannot be read is never taken for one that holds nothing.
    env.write("broken", "clusters: [\n");
    let before = files(&env);
    for flags in ["", " --dry-run"] {
        let refused = merge(&["theirs", "broken"], flags).expect(FAILED);
        assert!(refused.stderr.contains("/work/broken"), "{refused}");
        let refused = merge(&["", ""], flags).expect(FAILED);
        assert!(refused.stderr.contains("KUBECONFIG"), "{refused}");
    }
    assert!(files(&env) == before);
}

#[cfg(target_os = "linux")]
#[test]
fn a_kubeconfig_that_is_a_mount_point_is_written_in_place_with_a_backup_beside_it() {
    use std::os::unix::fs::MetadataExt as _;
    use std::process::Command;

    // Only who may mount can try it.
    let may_mount = Command::new("unshare")
        .args(["--mount", "mount", "--bind", "/tmp", "/tmp"])
        .output();
    if !may_mount.is_ok_and(|output| output.status.success()) {
        return;
    }
    let env = provisioned();
    env.write("host", OTHERS);
    env.write("mounted", "");
    let inode = std::fs::metadata(env.path("host")).unwrap().ino();
    let mounted = |line: &str| {
        let script = "mount --bind host mounted && exec \"$@\"";
        env.command(line)
            .env("PATH", "/usr/bin:/bin:/usr/sbin:/sbin")
            .run_by("unshare", &["--mount", "sh", "-c", script, "sh"])
            .run()
    };
    mounted("cluster kubeconfig --merge --kubeconfig mounted").assert_code(DONE);
    let merged = env.read("host");
    assert_eq!(names(&merged, "contexts"), ["theirs", "kompox-main-3d0d77"]);
    assert_eq!(env.read("mounted.kompox-backup"), OTHERS);
    let metadata = std::fs::metadata(env.path("host")).unwrap();
    assert_eq!((metadata.ino(), metadata.mode() & 0o777), (inode, 0o600));
    // A shorter text leaves nothing of the longer one.
    mounted("cluster kubeconfig -o mounted --force").assert_code(DONE);
    assert_eq!(names(&env.read("host"), "contexts"), ["kompox-main-3d0d77"]);
    assert_eq!(env.read("mounted.kompox-backup"), OTHERS);
    assert_eq!(env.read("mounted.kompox-backup.2"), merged);
    for left in [
        "mounted.lock",
        "mounted.kompox-new",
        "mounted.kompox-backup.kompox-new",
    ] {
        assert!(!env.path(left).exists(), "{left}");
    }
}
