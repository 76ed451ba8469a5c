//! `-A`, `--app-name`, `--cluster-id`, `--cluster-name`.

use kompox_domain::hint::in_words;
use kompox_domain::model::AnyId;
use kompox_domain::{Catalog, Error, ErrorKind, Result};
use kompox_usecase::target::{self, Selector};

use crate::support::catalog;

const ONE: &str = "/ws/w/prv/p/cls/c/app/a";

fn any() -> Selector {
    Selector::default()
}

fn id(id: &str) -> Selector {
    Selector {
        id: Some(id.to_owned()),
        name: None,
    }
}

fn name(name: &str) -> Selector {
    Selector {
        id: None,
        name: Some(name.to_owned()),
    }
}

fn app(catalog: &Catalog, selector: &Selector, default: Option<&str>) -> Result<String> {
    let default: Option<AnyId> = default.map(|id| id.parse().unwrap());
    target::app(catalog, selector, default.as_ref()).map(|scope| {
        assert_eq!(scope.cluster.id, scope.app.id.cluster);
        scope.app.id.to_string()
    })
}

fn cluster(catalog: &Catalog, selector: &Selector, app: &Selector, default: Option<&str>) -> Result<String> {
    let default: Option<AnyId> = default.map(|id| id.parse().unwrap());
    target::cluster(catalog, selector, app, default.as_ref()).map(|scope| scope.id.to_string())
}

fn says(error: &Error) -> (ErrorKind, String, String) {
    (error.kind(), error.to_string(), in_words(error.hints()))
}

#[test]
fn the_only_app_needs_no_selector() {
    let catalog = catalog(&[ONE], &[]);
    for selector in [any(), id(ONE), name("a")] {
        assert_eq!(app(&catalog, &selector, None).unwrap(), ONE);
    }
}

#[test]
fn several_apps_need_one_and_the_error_lists_them() {
    let catalog = catalog(&[ONE, "/ws/w/prv/p/cls/c/app/b"], &[]);
    assert_eq!(
        says(&app(&catalog, &any(), None).unwrap_err()),
        (
            ErrorKind::InvalidInput,
            "there are 2 apps: say which".to_owned(),
            format!("name one with app; apps: {ONE}, /ws/w/prv/p/cls/c/app/b")
        )
    );
}

#[test]
fn many_candidates_are_counted_not_listed() {
    let ids: Vec<String> = (0..30).map(|n| format!("/ws/w/prv/p/cls/c/app/a{n}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let error = app(&catalog(&ids, &[]), &any(), None).unwrap_err();
    assert!(
        in_words(error.hints()).ends_with("/app/a9 and 20 more"),
        "{:?}",
        error.hints()
    );
}

#[test]
fn the_default_is_an_app_or_what_apps_lie_under() {
    let catalog = catalog(
        &[ONE, "/ws/w/prv/p/cls/d/app/b", "/ws/w/prv/q/cls/c/app/a"],
        &["/ws/w/prv/q/cls/e"],
    );
    let chosen = |default: &str| app(&catalog, &any(), Some(default));
    assert_eq!(
        chosen("/ws/w/prv/p/cls/d/app/b").unwrap(),
        "/ws/w/prv/p/cls/d/app/b"
    );
    assert_eq!(chosen("/ws/w/prv/p/cls/c").unwrap(), ONE);
    assert_eq!(chosen("/ws/w/prv/q").unwrap(), "/ws/w/prv/q/cls/c/app/a");
    assert_eq!(chosen("/ws/w").unwrap_err().kind(), ErrorKind::InvalidInput);
    // An app somewhere else is not what was meant.
    assert_eq!(
        says(&chosen("/ws/w/prv/q/cls/e").unwrap_err()).1,
        "the configuration has no app under /ws/w/prv/q/cls/e"
    );
    assert_eq!(
        says(&chosen("/ws/w/prv/p/cls/d/app/x").unwrap_err()).1,
        "the configuration has no app /ws/w/prv/p/cls/d/app/x"
    );
}

#[test]
fn a_name_that_several_have_means_the_one_under_the_default() {
    let other = "/ws/w/prv/q/cls/c/app/a";
    let catalog = catalog(&[ONE, other, "/ws/w/prv/p/cls/c/app/b"], &[]);
    assert_eq!(
        says(&app(&catalog, &name("a"), None).unwrap_err()),
        (
            ErrorKind::InvalidInput,
            "there are 2 apps called \"a\": say which".to_owned(),
            format!("name one with app; apps: {ONE}, {other}")
        )
    );
    assert_eq!(app(&catalog, &name("a"), Some("/ws/w/prv/q")).unwrap(), other);
    // What was said wins over the default.
    assert_eq!(
        app(&catalog, &name("b"), Some("/ws/w/prv/q")).unwrap(),
        "/ws/w/prv/p/cls/c/app/b"
    );
    assert_eq!(app(&catalog, &id(ONE), Some(other)).unwrap(), ONE);
}

#[test]
fn what_is_not_there_says_what_is() {
    let catalog = catalog(&["/ws/w/prv/p/cls/c/app/shop"], &[]);
    let hint = "did you mean shop? apps: shop".to_owned();
    assert_eq!(
        says(&app(&catalog, &name("shpo"), None).unwrap_err()),
        (
            ErrorKind::NotFound,
            "the configuration has no app called \"shpo\"".to_owned(),
            hint
        )
    );
    let error = app(&catalog, &id("/ws/w/prv/p/cls/c/app/shpo"), None).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(in_words(error.hints()).starts_with("did you mean /ws/w/prv/p/cls/c/app/shop?"));
    let empty = app(&Catalog::default(), &any(), None).unwrap_err();
    assert_eq!(
        says(&empty).0,
        ErrorKind::NotFound,
        "an empty configuration has no app"
    );
}

#[test]
fn what_is_no_id_or_that_of_something_else_is_refused() {
    let catalog = catalog(&[ONE], &[]);
    for bad in ["", "a", "/ws/w/prv/p/cls/c", "/ws/w", "/ws/w/prv/p/cls/c/app/a/"] {
        let error = app(&catalog, &id(bad), None).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{bad}: {error}");
        assert!(in_words(error.hints()).contains(ONE));
    }
    let error = cluster(&catalog, &id(ONE), &any(), None).unwrap_err();
    assert_eq!(error.to_string(), format!("{ONE} is not the id of a cluster"));
    let both = Selector {
        id: Some(ONE.to_owned()),
        name: Some("b".to_owned()),
    };
    assert_eq!(
        app(&catalog, &both, None).unwrap_err().kind(),
        ErrorKind::InvalidInput
    );
    let both = Selector {
        name: Some("a".to_owned()),
        ..both
    };
    assert_eq!(app(&catalog, &both, None).unwrap(), ONE);
}

#[test]
fn a_cluster_is_that_of_the_app_unless_it_is_named() {
    let (first, second) = ("/ws/w/prv/p/cls/c", "/ws/w/prv/p/cls/d");
    let catalog = catalog(&[ONE, "/ws/w/prv/p/cls/d/app/b"], &[]);
    assert_eq!(cluster(&catalog, &any(), &name("b"), None).unwrap(), second);
    assert_eq!(cluster(&catalog, &any(), &id(ONE), Some(second)).unwrap(), first);
    assert_eq!(cluster(&catalog, &any(), &any(), Some(ONE)).unwrap(), first);
    assert_eq!(cluster(&catalog, &any(), &any(), Some(second)).unwrap(), second);
    assert_eq!(cluster(&catalog, &name("d"), &any(), Some(ONE)).unwrap(), second);
    assert_eq!(cluster(&catalog, &id(first), &name("a"), None).unwrap(), first);
    assert_eq!(
        says(&cluster(&catalog, &id(first), &name("b"), None).unwrap_err()),
        (
            ErrorKind::InvalidInput,
            "app /ws/w/prv/p/cls/d/app/b does not run on cluster /ws/w/prv/p/cls/c".to_owned(),
            "name the app or the cluster, not both".to_owned()
        )
    );
    assert_eq!(
        says(&cluster(&catalog, &any(), &any(), None).unwrap_err()).1,
        "there are 2 clusters: say which"
    );
    let error = cluster(&catalog, &any(), &name("x"), None).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[test]
fn a_cluster_without_an_app_is_found_too() {
    let catalog = catalog(&[], &["/ws/w/prv/p/cls/c"]);
    assert_eq!(
        cluster(&catalog, &any(), &any(), None).unwrap(),
        "/ws/w/prv/p/cls/c"
    );
    assert_eq!(
        cluster(&catalog, &name("c"), &any(), None).unwrap(),
        "/ws/w/prv/p/cls/c"
    );
}
