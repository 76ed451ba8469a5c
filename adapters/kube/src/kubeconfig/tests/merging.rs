//! Merging a cluster into a file: what is added, updated, kept and refused.

use kompox_domain::cluster::TokenCommand;

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
    cluster.set("proxy-url", Node::text("http://proxy"));
    cluster.set("insecure-skip-tls-verify", Node::flag(true));
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
    none_chosen.0.set("current-context", Node::text(""));
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
