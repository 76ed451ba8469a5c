//! Server-side apply: what must hold, by example and for anything that two writers may do.

use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};
use serde_json::{Value, json};

use super::fields::FieldSet;
use super::{Operation, Refusal, Writer, apply, managers, update};
use crate::schema::Type;

fn deployments() -> Type {
    Type::Named("Deployment".into())
}

fn writer(name: &str, operation: Operation) -> Writer {
    Writer {
        name: name.to_owned(),
        operation,
        api_version: "apps/v1".to_owned(),
        subresource: String::new(),
        time: "2026-01-01T00:00:00Z".to_owned(),
    }
}

fn applied(live: &Value, document: &Value, who: &str, force: bool) -> Result<Value, Refusal> {
    apply(
        &deployments(),
        live,
        document,
        &writer(who, Operation::Apply),
        force,
    )
}

fn of(who: &str, object: &Value) -> FieldSet {
    managers::read(object)
        .into_iter()
        .find(|manager| manager.name == who)
        .map(|manager| manager.set)
        .unwrap_or_default()
}

fn shown(set: &FieldSet) -> Vec<String> {
    set.0.iter().map(ToString::to_string).collect()
}

fn containers(list: &Value) -> Value {
    json!({ "metadata": { "name": "d" }, "spec": { "template": { "spec": { "containers": list } } } })
}

#[test]
fn who_applies_owns_leaves_and_the_items_they_stand_in() {
    let document = containers(&json!([{ "name": "a", "image": "x", "ports": [{ "containerPort": 80 }] }]));
    let live = applied(&Value::Null, &document, "one", false).unwrap();
    let base = ".spec.template.spec.containers[name=\"a\"]";
    let port = format!("{base}.ports[containerPort=80,protocol=\"TCP\"]");
    assert_eq!(
        shown(&of("one", &live)),
        [
            base.to_owned(),
            format!("{base}.image"),
            format!("{base}.name"),
            port.clone(),
            format!("{port}.containerPort")
        ]
    );
}

#[test]
fn what_one_drops_goes_unless_another_owns_it() {
    let both = json!({ "metadata": { "labels": { "a": "1", "b": "2" } }, "spec": { "replicas": 2 } });
    let live = applied(&Value::Null, &both, "one", false).unwrap();
    let part = json!({ "metadata": { "labels": { "b": "2" } } });
    let live = applied(&live, &part, "two", false).unwrap();
    let live = applied(&live, &json!({ "metadata": {} }), "one", false).unwrap();
    assert_eq!(live["metadata"]["labels"], json!({ "b": "2" }));
    assert_eq!(live.get("spec"), None);
    assert!(of("one", &live).is_empty());
    let live = applied(&live, &json!({ "metadata": {} }), "two", false).unwrap();
    assert_eq!(live["metadata"].get("labels"), None);
}

#[test]
fn an_item_goes_with_all_that_nobody_owns_in_it() {
    let two = containers(&json!([{ "name": "a", "image": "x" }, { "name": "b", "image": "y" }]));
    let mut live = applied(&Value::Null, &two, "one", false).unwrap();
    // A server's default, and a writer's own part of the other item.
    live["spec"]["template"]["spec"]["containers"][1]["imagePullPolicy"] = "Always".into();
    let mine = containers(&json!([{ "name": "a", "tty": true }]));
    let live = applied(&live, &mine, "two", false).unwrap();
    let live = applied(&live, &containers(&json!([])), "one", false).unwrap();
    // `two` has said the name too, so the item stays with what is its own.
    assert_eq!(
        live["spec"]["template"]["spec"]["containers"],
        json!([{ "name": "a", "tty": true }])
    );
}

#[test]
fn a_conflict_names_manager_and_field_and_force_takes_it() {
    let live = applied(&Value::Null, &json!({ "spec": { "replicas": 1 } }), "one", false).unwrap();
    let wish = json!({ "spec": { "replicas": 3 } });
    let Err(Refusal::Conflicts(conflicts)) = applied(&live, &wish, "two", false) else {
        panic!("a conflict");
    };
    assert_eq!(
        conflicts.message(),
        "Apply failed with 1 conflict: conflict with \"one\": .spec.replicas"
    );
    assert_eq!(
        conflicts.causes(),
        json!([{ "reason": "FieldManagerConflict", "message": "conflict with \"one\"", "field": ".spec.replicas" }])
    );
    let live = applied(&live, &wish, "two", true).unwrap();
    assert_eq!(live["spec"]["replicas"], 3);
    assert!(of("one", &live).is_empty());
    assert_eq!(shown(&of("two", &live)), [".spec.replicas"]);
}

#[test]
fn an_update_takes_what_it_changes_and_tells_when() {
    let live = applied(
        &Value::Null,
        &json!({ "spec": { "replicas": 1, "paused": true } }),
        "one",
        false,
    )
    .unwrap();
    let mut scaled = live.clone();
    scaled["spec"]["replicas"] = 5.into();
    update(
        &deployments(),
        &live,
        &mut scaled,
        &writer("hand", Operation::Update),
    );
    assert_eq!(shown(&of("one", &scaled)), [".spec.paused"]);
    assert_eq!(shown(&of("hand", &scaled)), [".spec.replicas"]);
    let Err(Refusal::Conflicts(conflicts)) =
        applied(&scaled, &json!({ "spec": { "replicas": 1 } }), "one", false)
    else {
        panic!("a conflict");
    };
    assert_eq!(
        conflicts.message(),
        "Apply failed with 1 conflict: conflict with \"hand\" using apps/v1 at 2026-01-01T00:00:00Z: .spec.replicas"
    );
}

#[test]
fn items_that_cannot_be_told_apart_are_refused() {
    for (list, why) in [
        (
            json!([{ "name": "a" }, { "name": "a" }]),
            ".spec.template.spec.containers: duplicate entries for key [name=\"a\"]",
        ),
        (
            json!([{ "image": "a" }]),
            ".spec.template.spec.containers: element 0: associative list with keys has an element that omits key field \
             \"name\" (and doesn't have default value)",
        ),
    ] {
        match applied(&Value::Null, &containers(&list), "one", false) {
            Err(Refusal::Malformed(told)) => assert_eq!(told, why),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn what_no_schema_knows_is_told_with_its_way() {
    let undeclared = |document: &Value| super::undeclared(&deployments(), document);
    let one = containers(&json!([{ "name": "a", "resources": { "cpu": 1 } }]));
    assert_eq!(
        undeclared(&one).unwrap(),
        ".spec.template.spec.containers[name=\"a\"].resources.cpu: field not declared in schema"
    );
    assert_eq!(
        undeclared(&json!({ "a": 1, "b": 2 })).unwrap(),
        "errors:\n  .a: field not declared in schema\n  .b: field not declared in schema"
    );
    assert_eq!(
        undeclared(&containers(&json!([{ "name": "a", "image": "x" }]))),
        None
    );
}

#[test]
fn what_is_atomic_belongs_to_one_as_a_whole() {
    let selector = |labels: Value| json!({ "spec": { "selector": { "matchLabels": labels } } });
    let live = applied(&Value::Null, &selector(json!({ "a": "1" })), "one", false).unwrap();
    assert_eq!(shown(&of("one", &live)), [".spec.selector"]);
    assert!(matches!(
        applied(&live, &selector(json!({ "b": "2" })), "two", false),
        Err(Refusal::Conflicts(_))
    ));
    let live = applied(&live, &selector(json!({ "b": "2" })), "two", true).unwrap();
    assert_eq!(live["spec"]["selector"]["matchLabels"], json!({ "b": "2" }));
}

/// Documents that overlap in many ways: labels, a number, containers with images and variables.
fn document() -> impl Strategy<Value = Value> {
    let labels = proptest::collection::btree_map("[ab]", "[12]", 0..3);
    let variables = proptest::collection::btree_map("[EF]", "[12]", 0..3);
    let container = (proptest::option::of("[xy]"), variables).prop_map(|(image, variables)| {
        let env: Vec<Value> = variables
            .into_iter()
            .map(|(name, value)| json!({ "name": name, "value": value }))
            .collect();
        let mut container = json!({});
        if let Some(image) = image {
            container["image"] = image.into();
        }
        if !env.is_empty() {
            container["env"] = env.into();
        }
        container
    });
    let containers = proptest::collection::btree_map("[cd]", container, 0..3);
    let replicas = proptest::option::of(1_i64..3);
    (labels, replicas, containers).prop_map(|(labels, replicas, containers)| {
        let mut document = json!({ "metadata": { "name": "d" }, "spec": {} });
        if !labels.is_empty() {
            document["metadata"]["labels"] = json!(labels);
        }
        if let Some(replicas) = replicas {
            document["spec"]["replicas"] = replicas.into();
        }
        let list: Vec<Value> = containers
            .into_iter()
            .map(|(name, mut container)| {
                container["name"] = name.into();
                container
            })
            .collect();
        if !list.is_empty() {
            document["spec"]["template"] = json!({ "spec": { "containers": list } });
        }
        if document["spec"]
            .as_object()
            .is_some_and(serde_json::Map::is_empty)
        {
            kompox_emulator_core::json::fields(&mut document).remove("spec");
        }
        document
    })
}

/// Who does what: apply, apply by force, or write in some other way.
fn history() -> impl Strategy<Value = Vec<(&'static str, u8, Value)>> {
    let who = prop_oneof![Just("one"), Just("two"), Just("three")];
    proptest::collection::vec((who, 0_u8..4, document()), 0..8)
}

fn lived(history: Vec<(&'static str, u8, Value)>) -> Value {
    let mut live = Value::Null;
    for (who, how, document) in history {
        if how == 3 && !live.is_null() {
            let mut new = document.clone();
            new["metadata"]["managedFields"] = live["metadata"]["managedFields"].clone();
            update(&deployments(), &live, &mut new, &writer(who, Operation::Update));
            live = new;
        } else if let Ok(next) = applied(&live, &document, who, how == 2) {
            live = next;
        }
    }
    live
}

fn plain(value: &Value) -> Value {
    super::without_managers(value)
}

proptest! {
    #[test]
    fn applying_twice_is_applying_once(history in history(), document in document()) {
        let live = lived(history);
        let once = applied(&live, &document, "me", true).unwrap();
        let twice = applied(&once, &document, "me", false).unwrap();
        assert_eq!(once, twice);
    }

    #[test]
    fn what_is_applied_is_there_and_is_its_writers(history in history(), document in document()) {
        let live = lived(history);
        let new = applied(&live, &document, "me", true).unwrap();
        let kind = deployments();
        let wished = super::owned(super::merge::set_of(&kind, &document));
        assert_eq!(of("me", &new), wished);
        let comparison = super::merge::compare(&kind, &document, &plain(&new));
        assert!(comparison.modified.is_empty(), "{:?}", comparison.modified);
        assert!(super::owned(comparison.removed).is_empty());
    }

    #[test]
    fn a_conflict_arises_exactly_where_another_owns_what_would_change(
        history in history(), document in document(), force in any::<bool>()
    ) {
        let live = lived(history);
        let others: FieldSet = managers::read(&live)
            .iter()
            .filter(|manager| manager.name != "one" || manager.operation != Operation::Apply)
            .fold(FieldSet::default(), |all, manager| all.union(&manager.set));
        let forced = applied(&live, &document, "one", true).unwrap();
        let comparison = super::merge::compare(&deployments(), &plain(&live), &plain(&forced));
        let contested = !others.intersection(&super::owned(comparison.written())).is_empty();
        let result = applied(&live, &document, "one", force);
        assert_eq!(result.is_err(), contested && !force);
        if let Ok(result) = result {
            assert_eq!(result, forced);
        }
    }

    #[test]
    fn nothing_that_another_applies_is_lost(history in history(), document in document()) {
        let live = lived(history);
        let Ok(new) = applied(&live, &document, "one", false) else { return Ok(()) };
        let kind = deployments();
        let there = super::merge::set_of(&kind, &plain(&new));
        // Who writes into an item in another way does not own the item, and loses it with what is in it.
        let applies = |manager: &&super::Manager| manager.operation == Operation::Apply && manager.name != "one";
        for manager in managers::read(&live).iter().filter(applies) {
            for path in &manager.set.0 {
                let was = super::merge::set_of(&kind, &plain(&live)).0.contains(path);
                assert!(!was || there.0.contains(path), "{path} of {}", manager.name);
            }
        }
    }

    #[test]
    fn applying_nothing_leaves_what_others_own_and_nothing_more_of_ones_own(
        document in document(), other in document()
    ) {
        let live = applied(&Value::Null, &document, "one", false).unwrap();
        let live = applied(&live, &other, "two", true).unwrap();
        let left = applied(&live, &json!({ "metadata": { "name": "d" } }), "one", false).unwrap();
        let alone = applied(&Value::Null, &other, "two", false).unwrap();
        let kind = deployments();
        assert_eq!(of("two", &left), of("two", &alone));
        let comparison = super::merge::compare(&kind, &plain(&alone), &plain(&left));
        assert!(super::owned(comparison.written()).is_empty(), "{comparison:?}");
    }

    #[test]
    fn managed_fields_are_read_as_they_are_written(history in history()) {
        let live = lived(history);
        let managers = managers::read(&live);
        let again = json!({ "metadata": { "managedFields": managers::write(&managers) } });
        let mut read = managers::read(&again);
        read.retain(|manager| !manager.set.is_empty());
        assert_eq!(read, managers);
    }
}
