//! Merging a cluster into a file: what is added, updated, kept and refused.

use kompox_domain::driver::TokenCommand;

use super::*;

#[test]
fn merging_adds_three_entries_and_keeps_everything_else() {
    let before = parse(OTHERS);
    let access = access("kompox-c1", "https://c1");
    let Merged { config, changes } = before.merge(&access, MergeOptions::default()).ok().unwrap();
    let told: Vec<String> = changes
        .iter()
        .map(|change| format!("{} {} {}", change.kind, change.name, change.existed))
        .collect();
    assert_eq!(
        told,
        [
            "cluster kompox-c1 false",
            "user kompox-c1 false",
            "context kompox-c1 false"
        ]
    );
    for (list, _) in LISTS {
        let (old, new) = (before.items(list).unwrap(), config.items(list).unwrap());
        assert!(new[..old.len()] == *old && new.len() == old.len() + 1);
    }
    assert_eq!(config.0.text("current-context"), Some("1e3"));
    assert!(config.0.get("unheard-of") == before.0.get("unheard-of"));
}

#[test]
fn the_same_cluster_twice_changes_nothing_and_is_updated_where_it_stands() {
    let access = access("kompox-c1", "https://c1");
    let once = merged(
        &merged(&Kubeconfig::empty(), &access),
        &super::access("later", "https://later"),
    );
    let again = once.merge(&access, MergeOptions::default()).ok().unwrap();
    assert!(again.changes.is_empty() && again.config == once);

    // A cluster made anew, or reached another way, is at another address.
    let moved = super::access("kompox-c1", "https://c1-private");
    let Merged { config, changes } = once.merge(&moved, MergeOptions::default()).ok().unwrap();
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0].fields, ["server"]);
    let names: Vec<_> = config
        .items("clusters")
        .unwrap()
        .iter()
        .map(|item| item.as_map().unwrap().text("name"))
        .collect();
    assert_eq!(names, [Some("kompox-c1"), Some("later")]);
}

#[test]
fn what_somebody_added_to_our_entries_stays_and_credentials_are_not_mixed() {
    let access = access("c1", "https://c1");
    let mut config = merged(&Kubeconfig::empty(), &access);
    let mut cluster = config.item("clusters", "c1").unwrap().clone();
    cluster.set("proxy-url", Node::string("http://proxy"));
    cluster.set("insecure-skip-tls-verify", Node::boolean(true));
    config.put("clusters", "cluster", "c1", cluster);
    let context = access.clone().with_namespace("mine").context;
    config.put("contexts", "context", "c1", context);

    let command = TokenCommand {
        command: "/bin/kompoxops".to_owned(),
        args: vec!["cluster".to_owned(), "token".to_owned()],
        env: vec![("KOMPOX_ROOT".to_owned(), "/r".to_owned())],
    };
    let user = access.clone().with_token_command(&command);
    let Merged { config, changes } = config.merge(&user, MergeOptions::default()).ok().unwrap();
    let kinds: Vec<_> = changes.iter().map(|change| change.kind).collect();
    assert_eq!(kinds, [EntryKind::Cluster, EntryKind::User]);
    assert_eq!(
        config.to_yaml(),
        format!(
            "\
apiVersion: v1
kind: Config
clusters:
- cluster:
    server: https://c1
    certificate-authority-data: Q0E=
    extensions:
    - extension:
        cluster: {HANDLE}
      name: ops.kompox.dev
    proxy-url: http://proxy
  name: c1
users:
- user:
    exec:
      apiVersion: client.authentication.k8s.io/v1
      command: /bin/kompoxops
      args:
      - cluster
      - token
      env:
      - name: KOMPOX_ROOT
        value: /r
      interactiveMode: Never
      provideClusterInfo: false
    extensions:
    - extension:
        cluster: {HANDLE}
      name: ops.kompox.dev
  name: c1
contexts:
- context:
    cluster: c1
    user: c1
    extensions:
    - extension:
        cluster: {HANDLE}
      name: ops.kompox.dev
    namespace: mine
  name: c1
current-context: c1
"
        )
    );
}

#[test]
fn an_entry_of_somebody_else_with_our_name_is_refused_unless_forced() {
    let file = |cluster: &str, user: &str, context: &str| {
        parse(&format!(
            "{{kind: Config,
               clusters: [{{name: {cluster}, cluster: {{server: 'https://other'}}}}],
               users: [{{name: {user}, user: {{token: t}}}}],
               contexts: [{{name: {context}, context: {{cluster: {cluster}, user: {user}}}}}]}}"
        ))
    };
    let access = access("c1", "https://c1");
    for (config, clash) in [
        (
            file("c1", "x", "x"),
            "cluster c1 is there already and leads to another cluster at https://other",
        ),
        (
            file("x", "c1", "x"),
            "user c1 is there already and leads to another cluster at https://other",
        ),
        (
            file("x", "x", "c1"),
            "context c1 is there already and leads to another cluster at https://other",
        ),
    ] {
        let refused = config.merge(&access, MergeOptions::default()).err().unwrap();
        assert_eq!(refused.to_string(), clash);
        let options = MergeOptions {
            force: true,
            ..MergeOptions::default()
        };
        let forced = config.merge(&access, options).ok().unwrap().config;
        for ((list, _), (name, value)) in LISTS.iter().zip(access.entries()) {
            assert!(forced.item(list, name) == Some(value));
        }
    }
    // Another cluster of the cloud is another one, even behind the same address.
    let elsewhere = super::access("c1", "https://c1").with_handle("/subscriptions/other");
    let config = merged(&Kubeconfig::empty(), &elsewhere);
    let refused = config.merge(&access, MergeOptions::default()).err().unwrap();
    assert_eq!((refused.kind, refused.name.as_str()), (EntryKind::Cluster, "c1"));
}

#[test]
fn entries_that_another_tool_made_for_the_same_server_are_updated() {
    let config = parse(
        "{kind: Config,
          clusters: [{name: c1, cluster: {server: 'https://C1:443/'}}],
          users: [{name: clusterUser_g_c1, user: {token: t}}],
          contexts: [{name: c1, context: {cluster: c1, user: clusterUser_g_c1}}]}",
    );
    let config = merged(&config, &access("c1", "https://c1"));
    assert_eq!(config.items("clusters").unwrap().len(), 1);
    assert_eq!(config.items("contexts").unwrap().len(), 1);
    assert_eq!(config.item("contexts", "c1").unwrap().text("user"), Some("c1"));
}

#[test]
fn the_current_context_changes_only_on_request_or_where_there_was_no_context_at_all() {
    let access = access("c1", "https://c1");
    let current = |config: &Kubeconfig| config.0.text("current-context").map(str::to_owned);
    assert_eq!(
        current(&merged(&Kubeconfig::empty(), &access)).as_deref(),
        Some("c1")
    );
    let mut none_chosen = parse(OTHERS);
    none_chosen.0.set("current-context", Node::string(""));
    for others in [parse(OTHERS), none_chosen] {
        assert_eq!(current(&merged(&others, &access)), current(&others));
    }
    let options = MergeOptions {
        set_current: true,
        ..MergeOptions::default()
    };
    let set = parse(OTHERS).merge(&access, options).ok().unwrap();
    assert_eq!(set.config.0.text("current-context"), Some("c1"));
    assert_eq!(set.changes.last().unwrap().kind, EntryKind::CurrentContext);
    assert!(
        set.config
            .merge(&access, options)
            .ok()
            .unwrap()
            .changes
            .is_empty()
    );
}

/// Files that kubectl reads as one; none where one is not there.
fn files<const N: usize>(texts: [Option<&str>; N]) -> KubeconfigFiles {
    KubeconfigFiles::new(texts.into_iter().map(|text| text.map(parse)).collect())
}

/// What merging changes in which file.
fn told(merged: &MergedFiles) -> Vec<String> {
    let files = merged.files.iter().enumerate();
    let of = |(file, merged): (usize, &Merged)| -> Vec<String> {
        let changes = merged.changes.iter();
        changes
            .map(|change| {
                let verb = if change.existed { "update" } else { "create" };
                format!("{file}: {verb} {} {}", change.kind, change.fields.join(","))
                    .trim_end()
                    .to_owned()
            })
            .collect()
    };
    files.flat_map(of).collect()
}

#[test]
fn new_entries_go_to_the_first_file_that_is_there_and_else_make_the_last() {
    for (there, expected) in [
        (vec![], 0),
        (vec![false], 0),
        (vec![true], 0),
        (vec![true, true], 0),
        (vec![false, true, true], 1),
        (vec![false, false, false], 2),
    ] {
        assert_eq!(file_for_new_entries(there.clone()), expected, "{there:?}");
    }
    let access = access("c1", "https://c1");
    let options = MergeOptions::default();
    for (files, expected) in [
        (files([None, None]), 1),
        (files([None, Some(OTHERS)]), 1),
        (files([Some(""), None]), 0),
        (files([Some(OTHERS), Some("")]), 0),
    ] {
        let merged = files.merge(&access, options).ok().unwrap();
        assert_eq!(merged.context, expected);
        for (index, file) in merged.files.iter().enumerate() {
            assert_eq!(file.changes.is_empty(), index != expected, "{files:?}");
            assert_eq!(file.config.has("contexts", "c1"), index == expected);
        }
    }
}

#[test]
fn an_entry_is_updated_in_the_file_that_defines_it_and_never_copied_into_another() {
    let access = access("c1", "https://c1");
    let ours = access.to_kubeconfig().to_yaml();
    let merge = |files: &KubeconfigFiles| files.merge(&access, MergeOptions::default()).ok().unwrap();
    // All of it stands in the second file already.
    let same = merge(&files([Some(OTHERS), Some(&ours)]));
    assert!(told(&same).is_empty() && same.context == 1);

    let stale = super::access("c1", "https://old").to_kubeconfig().to_yaml();
    let merged = merge(&files([Some(OTHERS), Some(&stale)]));
    assert_eq!(told(&merged), ["1: update cluster server"]);

    // Each entry stands in another file, and a later one of the same name never counts.
    let part = |list: &str| {
        let mut config = parse(&stale);
        for (other, _) in LISTS.iter().filter(|(other, _)| *other != list) {
            config.0.remove(other);
        }
        config.0.remove("current-context");
        config.to_yaml()
    };
    let (cluster, context) = (part("clusters"), part("contexts"));
    let spread = files([None, Some(OTHERS), Some(&cluster), Some(&context), Some(&stale)]);
    let merged = merge(&spread);
    assert_eq!(told(&merged), ["2: update cluster server"]);
    assert_eq!(merged.context, 3);
    let no_user = files([Some(OTHERS), Some(&cluster), Some(&context)]);
    assert_eq!(
        told(&merge(&no_user)),
        ["0: create user", "1: update cluster server"]
    );
}

#[test]
fn whose_an_entry_is_is_seen_through_all_files() {
    // A context here leads to a cluster there.
    let context = "{kind: Config, contexts: [{name: c1, context: {cluster: theirs, user: u}}]}";
    let cluster = "{kind: Config, clusters: [{name: theirs, cluster: {server: 'https://c1'}}]}";
    let access = access("c1", "https://c1");
    let merge = |cluster: &str, options| files([Some(context), Some(cluster)]).merge(&access, options);
    assert!(merge(cluster, MergeOptions::default()).is_ok());
    let other = cluster.replace("//c1", "//other");
    let clash = merge(&other, MergeOptions::default()).err().unwrap();
    assert_eq!((clash.kind, clash.file), (EntryKind::Context, 0));
    assert_eq!(clash.server.as_deref(), Some("https://other"));
    let later = files([Some(cluster), Some(context)]);
    let later = later.merge(&super::access("theirs", "https://other"), MergeOptions::default());
    assert_eq!(later.err().unwrap().file, 0);
    let options = MergeOptions {
        force: true,
        ..MergeOptions::default()
    };
    let forced = merge(&other, options).ok().unwrap();
    assert_eq!(
        told(&forced),
        [
            "0: create cluster",
            "0: create user",
            "0: update context cluster,user,extensions"
        ]
    );
}

#[test]
fn the_current_context_of_any_file_stays_unless_asked_and_is_set_where_kubectl_sets_it() {
    let access = access("c1", "https://c1");
    let set = MergeOptions {
        set_current: true,
        ..MergeOptions::default()
    };
    let current = |files: &KubeconfigFiles, options| {
        let merged = files.merge(&access, options).ok().unwrap();
        let name = |file: &Merged| file.config.0.text("current-context").map(str::to_owned);
        merged.files.iter().map(name).collect::<Vec<_>>()
    };
    let one = |name: &str| Some(name.to_owned());
    // The first file is empty, and another one has chosen.
    let chosen = files([Some(""), Some(OTHERS)]);
    assert_eq!(current(&chosen, MergeOptions::default()), [None, one("1e3")]);
    assert_eq!(current(&chosen, set), [one("c1"), one("1e3")]);
    let gone = files([Some(""), Some("{kind: Config, current-context: gone}")]);
    assert_eq!(current(&gone, MergeOptions::default()), [None, one("gone")]);
    // Nobody has chosen, but could have.
    let unchosen = files([Some(""), Some("{kind: Config, users: [{name: a}]}")]);
    assert_eq!(current(&unchosen, MergeOptions::default()), [None, None]);
    let nothing = files([None, Some(""), Some("")]);
    assert_eq!(
        current(&nothing, MergeOptions::default()),
        [None, one("c1"), None]
    );
    // It is that already, wherever that is said.
    let ours = "{kind: Config, current-context: c1}";
    let said = files([Some(OTHERS), Some(ours)]);
    assert_eq!(current(&said, set), [one("c1"), one("c1")]);
    let said = files([Some("kind: Config"), Some(ours)]);
    assert_eq!(current(&said, set), [None, one("c1")]);
}

#[test]
fn what_is_somebody_else_s_is_replaced_as_a_whole_when_forced() {
    let config = parse(
        "{kind: Config,
          clusters: [{name: c1, cluster: {server: 'https://other', proxy-url: 'http://theirs'}}],
          users: [{name: c1, user: {token: t}}],
          contexts: [{name: c1, context: {cluster: c1, user: c1, namespace: theirs}}]}",
    );
    let access = access("c1", "https://c1");
    let options = MergeOptions {
        force: true,
        ..MergeOptions::default()
    };
    let forced = config.merge(&access, options).ok().unwrap().config;
    for ((list, _), (name, value)) in LISTS.iter().zip(access.entries()) {
        assert!(forced.item(list, name) == Some(value), "{list}");
    }
}

#[test]
fn only_a_file_that_changes_is_told_what_it_is() {
    let access = access("c1", "https://c1");
    let bare = "clusters: []\n";
    let merged = files([Some(bare), Some(bare)]);
    let merged = merged.merge(&access, MergeOptions::default()).ok().unwrap();
    let [changed, same] = merged.files.as_slice() else {
        panic!("{merged:?}")
    };
    assert_eq!(changed.config.0.text("apiVersion"), Some("v1"));
    assert_eq!(changed.config.0.text("kind"), Some("Config"));
    assert!(same.config == parse(bare));
}

#[test]
fn entries_without_our_mark_are_ours_where_nothing_speaks_against_it() {
    let access = access("c1", "https://c1");
    let user = parse(&access.to_kubeconfig().to_yaml())
        .item("users", "c1")
        .unwrap()
        .clone();
    let mut unmarked = user;
    unmarked.remove("extensions");
    let with_user = |text: &str| {
        let mut config = parse(text);
        config.put("users", "user", "c1", unmarked.clone());
        config
    };
    let mut bare = access.clone();
    bare.user.remove("extensions");
    // The very same credential, which no context uses.
    let alone = with_user("kind: Config");
    assert!(alone.merge(&bare, MergeOptions::default()).is_ok());
    // Another credential, of a context that leads to this cluster.
    let used = parse(
        "{kind: Config, clusters: [{name: x, cluster: {server: 'https://c1'}}], users: [{name: c1, user: {token: t}}],
          contexts: [{name: x, context: {cluster: x, user: c1}}]}",
    );
    assert!(used.merge(&bare, MergeOptions::default()).is_ok());
    let unused = parse("{kind: Config, users: [{name: c1, user: {token: t}}]}");
    assert!(unused.merge(&bare, MergeOptions::default()).is_err());
    // A context whose cluster is not there, and will be this one.
    let dangling = parse("{kind: Config, contexts: [{name: c1, context: {cluster: c1, user: x}}]}");
    assert!(dangling.merge(&access, MergeOptions::default()).is_ok());
}

#[test]
fn extensions_of_others_in_our_entries_stay_and_none_is_made_up() {
    let access = access("c1", "https://c1");
    let mut theirs = access.clone();
    for map in [&mut theirs.cluster, &mut theirs.user, &mut theirs.context] {
        let mut nodes = crate::kubeconfig::access::extensions(map).to_vec();
        nodes.insert(0, Arc::new(parse("{kind: Config, name: theirs}").0.into()));
        map.set("extensions", Node::from(Value::List(nodes)));
    }
    let moved = super::access("c1", "https://moved");
    let config = merged(&theirs.to_kubeconfig(), &moved);
    for (list, _) in LISTS {
        let extensions = crate::kubeconfig::access::extensions(config.item(list, "c1").unwrap());
        assert_eq!(extensions.len(), 2, "{list}");
    }
    let mut bare = access;
    bare.cluster.remove("extensions");
    let config = merged(&bare.to_kubeconfig(), &bare);
    assert!(config.item("clusters", "c1") == Some(&bare.cluster));
}
