//! Which configuration is meant, and which files belong to it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::format_push_string,
    reason = "a test may panic, and speaks to whoever runs it"
)]

mod common;

use std::path::PathBuf;

use common::{Dir, VALID};
use insta::assert_snapshot;
use kompox_config::{ConfigErrors, Loaded, Reason, Sources, init, load};

const OPS: &str = "version: v1\nprovider: {name: ops, driver: aks}\n";

fn workspace(name: &str) -> String {
    format!(
        "apiVersion: ops.kompox.dev/v1alpha1\nkind: Workspace\nmetadata:\n  name: {name}\n  annotations:\n    ops.kompox.dev/id: /ws/{name}\n"
    )
}

fn defaults(kom_path: &str) -> String {
    format!("apiVersion: ops.kompox.dev/v1alpha1\nkind: Defaults\nspec:\n  komPath: [{kom_path}]\n")
}

fn names(loaded: &Loaded) -> Vec<&str> {
    loaded
        .catalog
        .workspaces()
        .iter()
        .map(|workspace| workspace.name.as_str())
        .collect()
}

fn load_env(sources: &Sources, variables: &[(&str, &str)]) -> Result<Loaded, ConfigErrors> {
    load(sources, &|name| {
        let found = variables.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| (*value).to_owned())
    })
}

/// Every source of KOM files, each with a workspace that tells which one it was.
fn every_source() -> Dir {
    let dir = Dir::new();
    for name in ["flag", "variable", "defaults", "config"] {
        dir.write(&format!("{name}/w.yml"), workspace(name));
    }
    dir.write(".kompox/kom/w.yml", workspace("default"));
    dir
}

#[test]
fn the_first_source_that_applies_names_the_files() {
    let dir = every_source();
    let mut sources = dir.sources();
    assert_eq!(names(&load_env(&sources, &[]).unwrap()), ["default"]);
    dir.write(".kompox/config.yml", "version: 1\nkomPath: [../config]\n");
    assert_eq!(names(&load_env(&sources, &[]).unwrap()), ["config"]);
    dir.write("kompoxapp.yml", defaults("defaults"));
    assert_eq!(names(&load_env(&sources, &[]).unwrap()), ["defaults"]);
    let variables = [("KOMPOX_KOM_PATH", "variable")];
    assert_eq!(names(&load_env(&sources, &variables).unwrap()), ["variable"]);
    sources.kom_paths = vec!["flag".into()];
    assert_eq!(names(&load_env(&sources, &variables).unwrap()), ["flag"]);
}

#[test]
fn a_path_list_and_a_repeated_flag_name_several_paths() {
    let dir = every_source();
    let list = std::env::join_paths(["variable", "config/w.yml"]).unwrap();
    let variables = [("KOMPOX_KOM_PATH", list.to_str().unwrap())];
    assert_eq!(
        names(&load_env(&dir.sources(), &variables).unwrap()),
        ["variable", "config"]
    );
    assert_eq!(
        names(&dir.load_paths(&["flag", "config"]).unwrap()),
        ["flag", "config"]
    );
}

#[test]
fn the_app_file_is_read_besides_and_one_that_is_named_must_exist() {
    let dir = every_source();
    dir.write("elsewhere/app.yml", workspace("own"));
    let mut sources = dir.sources();
    sources.kom_app = Some("elsewhere/app.yml".into());
    assert_eq!(names(&load_env(&sources, &[]).unwrap()), ["own", "default"]);
    sources.kom_app = None;
    let loaded = load_env(&sources, &[("KOMPOX_KOM_APP", "elsewhere/app.yml")]).unwrap();
    assert_eq!(names(&loaded), ["own", "default"]);
    sources.kom_app = Some("elsewhere/none.yml".into());
    let errors = load_env(&sources, &[]).unwrap_err();
    assert_snapshot!(dir.render(&errors), @"--kom-app names elsewhere/none.yml, which does not exist");
}

#[test]
fn a_named_path_that_does_not_exist_is_an_error_with_the_place_that_names_it() {
    let dir = every_source();
    assert_snapshot!(dir.render(&dir.load_paths(&["none", "none.yml"]).unwrap_err()), @r"
    --kom-path names none, which does not exist
    --kom-path names none.yml, which does not exist
    ");
    dir.write(".kompox/config.yml", "version: 1\nkomPath:\n  - none\n");
    assert_snapshot!(dir.render(&dir.load().unwrap_err()), @".kompox/config.yml:3:5 (document 1): komPath names .kompox/none, which does not exist");
    dir.write("kompoxapp.yml", defaults("none, $KOMPOX_ROOT/kom"));
    assert_snapshot!(dir.render(&dir.load().unwrap_err()), @r"
    kompoxapp.yml:4:13 (document 1): komPath names none, which does not exist
    kompoxapp.yml:4:19 (document 1): komPath names $KOMPOX_ROOT/kom, which does not exist
        variables are not expanded here: write a relative path
    ");
}

#[test]
fn the_root_is_the_nearest_parent_with_a_kompox_directory_unless_it_is_named() {
    let dir = every_source();
    dir.write("deep/er/x", "");
    let mut sources = dir.sources();
    sources.current_dir = dir.path().join("deep/er");
    let loaded = load_env(&sources, &[]).unwrap();
    assert_eq!(names(&loaded), ["default"]);
    assert_eq!(loaded.root.as_deref(), Some(dir.path()));
    assert_eq!(loaded.dir, Some(dir.path().join(".kompox")));

    let other = Dir::new();
    other.write("conf/kom/w.yml", workspace("other"));
    other.write(".kompox/kom/w.yml", workspace("root"));
    let root = other.path().to_str().unwrap();
    assert_eq!(
        names(&load_env(&sources, &[("KOMPOX_ROOT", root)]).unwrap()),
        ["root"]
    );
    sources.kompox_dir = Some(other.path().join("conf"));
    assert_eq!(
        names(&load_env(&sources, &[("KOMPOX_ROOT", root)]).unwrap()),
        ["other"]
    );
    sources.kompox_root = Some("none".into());
    assert!(
        load_env(&sources, &[])
            .unwrap_err()
            .to_string()
            .contains("--kompox-root names")
    );
}

#[test]
fn only_the_kompox_directory_is_searched_for_upwards() {
    let dir = Dir::new();
    dir.write("kompoxops.yml", OPS);
    dir.write("kompoxapp.yml", workspace("w"));
    dir.write("deep/x", "");
    let mut sources = dir.sources();
    sources.current_dir = dir.path().join("deep");
    assert_eq!(
        load_env(&sources, &[]).unwrap_err().reason(),
        Reason::NothingConfigured
    );
}

#[test]
fn nothing_configured_is_an_error_of_its_own_that_says_how_to_begin() {
    let dir = Dir::new();
    let errors = dir.load().unwrap_err();
    assert_eq!(errors.reason(), Reason::NothingConfigured);
    assert_snapshot!(dir.render(&errors), @"
    there is no configuration for <dir>
        begin with one of your own: init; see the main job first: quickstart; or name a configuration with ops file; or KOM files with KOM path
    ");
    init(dir.path(), false).unwrap();
    assert_eq!(dir.load().unwrap_err().reason(), Reason::NothingConfigured);
    dir.write("kom/empty.yml", "# nothing\n");
    assert_snapshot!(dir.errors(), @"
    kom/empty.yml holds no configuration
        begin with one of your own: init; see the main job first: quickstart; or name a configuration with ops file; or KOM files with KOM path
    ");
}

#[test]
fn where_nothing_is_configured_the_place_that_was_searched_is_told_with_who_named_it() {
    let dir = Dir::new();
    for path in ["near/.kompox/kom/x", "named/kom/x", "paths/x"] {
        dir.write(path, "");
    }
    let searched = |change: &dyn Fn(&mut Sources), variables: &[(&str, &str)]| {
        let mut sources = dir.sources();
        change(&mut sources);
        let errors = load_env(&sources, variables).unwrap_err();
        assert_eq!(errors.reason(), Reason::NothingConfigured);
        let root = format!("{}{}", dir.path().display(), std::path::MAIN_SEPARATOR);
        errors
            .searched()
            .map(|place| place.replace(&root, "").replace('\\', "/"))
    };
    let near = |sources: &mut Sources| sources.current_dir = sources.current_dir.join("near");
    assert_eq!(searched(&|_| {}, &[]), None);
    assert_eq!(searched(&near, &[]).unwrap(), "near/.kompox/kom");
    let root = [("KOMPOX_ROOT", "near")];
    assert_eq!(
        searched(&|_| {}, &root).unwrap(),
        "near/.kompox/kom (from KOMPOX_ROOT)"
    );
    let named = |sources: &mut Sources| sources.kompox_dir = Some("named".into());
    assert_eq!(searched(&named, &root).unwrap(), "named/kom (from --kompox-dir)");
    let paths = [root[0], ("KOMPOX_KOM_PATH", "paths")];
    assert_eq!(searched(&named, &paths).unwrap(), "paths (from KOMPOX_KOM_PATH)");
    let flags = |sources: &mut Sources| sources.kom_paths = vec!["named".into(), "paths".into()];
    assert_eq!(
        searched(&flags, &paths).unwrap(),
        "named, paths (from --kom-path)"
    );
    dir.write("app.yml", "");
    let app = [root[0], ("KOMPOX_KOM_APP", "app.yml")];
    assert_eq!(searched(&|_| {}, &app), None);
    dir.write("near/.kompox/config.yml", "version: 1\nkomPath: [kom/x]\n");
    dir.write("near/.kompox/kom/x", "# nothing\n");
    assert_eq!(searched(&near, &[]).unwrap(), "near/.kompox/kom/x (from komPath)");
}

#[test]
fn two_configurations_are_an_error_that_names_both_until_a_flag_or_variable_decides() {
    let dir = every_source();
    dir.write("kompoxops.yml", OPS);
    let mut sources = dir.sources();
    let errors = load_env(&sources, &[]).unwrap_err();
    assert_eq!(errors.reason(), Reason::Ambiguous);
    assert_snapshot!(dir.render(&errors), @"
    there are two configurations, kompoxops.yml and KOM in .kompox/kom/w.yml
        say that the first is meant with ops file kompoxops.yml; or the other with KOM path .kompox/kom/w.yml
    ");
    assert_eq!(
        names(&load_env(&sources, &[("KOMPOX_KOM_PATH", "variable")]).unwrap()),
        ["variable"]
    );
    sources.config = Some("kompoxops.yml".into());
    assert_eq!(
        load_env(&sources, &[("KOMPOX_KOM_PATH", "variable")])
            .unwrap()
            .catalog
            .providers()
            .len(),
        1
    );
    sources.kom_paths = vec!["flag".into()];
    assert_eq!(load_env(&sources, &[]).unwrap_err().reason(), Reason::Ambiguous);
}

#[test]
fn an_initialised_directory_with_a_kompoxops_file_means_that_file() {
    let dir = Dir::new();
    init(dir.path(), false).unwrap();
    dir.write("kompoxops.yml", OPS);
    assert_eq!(dir.load().unwrap().catalog.providers().len(), 1);
}

#[test]
fn a_named_kompoxops_file_must_exist() {
    let dir = Dir::new();
    let mut sources = dir.sources();
    sources.config = Some("none.yml".into());
    let missing = dir.render(&load_env(&sources, &[]).unwrap_err());
    dir.write("directory/x", "");
    sources.config = Some("directory".into());
    let directory = dir.render(&load_env(&sources, &[]).unwrap_err());
    assert_snapshot!(format!("{missing}\n{directory}"), @r"
    --config names none.yml, which does not exist
    --config names directory, which is a directory
    ");
}

#[test]
fn a_config_file_with_an_unknown_field_is_an_error_and_the_original_s_fields_are_accepted() {
    let dir = every_source();
    dir.write(".kompox/config.yml", "version: 2\nkomPaht: [x]\n");
    assert_snapshot!(dir.render(&dir.load().unwrap_err()), @r#"
    .kompox/config.yml:1:10 (document 1): unknown version "2"
        write version: 1
    .kompox/config.yml:2:1 (document 1): unknown field "komPaht"
        did you mean "komPath"?
    "#);
    dir.write(
        ".kompox/config.yml",
        "version: 1\nstore: {type: local}\nlogging: {dir: x}\nkomPath: [kom]\n",
    );
    let loaded = dir.load().unwrap();
    let fields: Vec<String> = loaded
        .ignored
        .iter()
        .map(|ignored| ignored.field.clone())
        .collect();
    assert_eq!(fields, ["logging", "store"]);
}

#[test]
fn the_default_app_is_that_of_defaults_else_the_only_one_of_the_app_file() {
    let dir = Dir::new();
    dir.write("kompoxapp.yml", VALID);
    let only = dir.load().unwrap().default_app.unwrap().to_string();
    assert_eq!(only, "/ws/w/prv/p/cls/c/app/a");
    let with = |id: &str| {
        dir.write(
            "kompoxapp.yml",
            format!(
                "apiVersion: ops.kompox.dev/v1alpha1\nkind: Defaults\nspec:\n  appId: {id}\n---\n{VALID}"
            ),
        );
        dir.load()
    };
    let chosen = with("/ws/w/prv/p/cls/c/app/a").unwrap().default_app.unwrap();
    assert_eq!(chosen.to_string(), "/ws/w/prv/p/cls/c/app/a");
    let shown: Vec<String> = ["/ws/w/prv/p/cls/c/app/b", "/ws/w", "web"]
        .iter()
        .map(|id| dir.render(&with(id).unwrap_err()))
        .collect();
    assert_snapshot!(shown.join("\n"), @r#"
    kompoxapp.yml:4:10 (document 1): the default app /ws/w/prv/p/cls/c/app/b is not in the configuration
        did you mean /ws/w/prv/p/cls/c/app/a?
    kompoxapp.yml:4:10 (document 1): appId must be the id of an App, not of a Workspace
    kompoxapp.yml:4:10 (document 1): id "web" is not of the form /ws/<workspace>[/prv/<provider>[/cls/<cluster>[/app/<app>]]]
    "#);
    // Of two apps none is meant, unless Defaults says which.
    let second = "apiVersion: ops.kompox.dev/v1alpha1\nkind: App\nmetadata:\n  name: b\n  annotations:\n    \
                  ops.kompox.dev/id: /ws/w/prv/p/cls/c/app/b\nspec: {}\n";
    dir.write("kompoxapp.yml", format!("{VALID}---\n{second}"));
    assert_eq!(dir.load().unwrap().default_app, None);
    for id in ["/ws/w/prv/p/cls/c/app/a", "/ws/w/prv/p/cls/c/app/b"] {
        let defaults = format!("apiVersion: ops.kompox.dev/v1alpha1\nkind: Defaults\nspec:\n  appId: {id}\n");
        dir.write("kompoxapp.yml", format!("{defaults}---\n{VALID}---\n{second}"));
        assert_eq!(dir.load().unwrap().default_app.unwrap().to_string(), id);
    }
    // Elsewhere it would not be told which app is meant.
    assert_eq!(Dir::kom(VALID).load_paths(&["kom"]).unwrap().default_app, None);
}

#[test]
fn a_second_defaults_is_an_error() {
    let dir = Dir::new();
    dir.write(
        "kompoxapp.yml",
        format!("{}---\n{}---\n{VALID}", defaults(""), defaults("")),
    );
    assert_snapshot!(dir.render(&dir.load().unwrap_err()), @"kompoxapp.yml:7:7 (document 2): a second Defaults; the first is in line 2");
}

#[test]
fn the_kom_path_of_defaults_may_not_leave_root_and_dir_but_that_of_the_config_file_may() {
    let outside = Dir::new();
    let path: PathBuf = outside.write("w.yml", workspace("outside"));
    let dir = every_source();
    dir.write(
        "kompoxapp.yml",
        defaults(&format!("defaults, {}", path.display())),
    );
    let errors = dir.load().unwrap_err();
    let shown = dir.render(&errors).replace(
        std::fs::canonicalize(outside.path()).unwrap().to_str().unwrap(),
        "<outside>",
    );
    assert_snapshot!(shown, @"
    kompoxapp.yml:4:23 (document 1): komPath leads to <outside>/w.yml, which lies outside of <dir>
        if it is meant, name it with KOM path
    ");
    dir.write("kompoxapp.yml", "");
    dir.write(".kompox/config.yml", format!("komPath: [{}]\n", path.display()));
    assert_eq!(names(&dir.load().unwrap()), ["outside"]);
}

/// What would decide where the configuration is, replaced by a link to nothing.
#[cfg(unix)]
#[test]
fn what_cannot_be_read_does_not_count_as_absent() {
    let link = |names: &[&str]| {
        let dir = every_source();
        for name in names {
            std::os::unix::fs::symlink("nothing", dir.path().join(name)).unwrap();
        }
        dir.render(&dir.load().unwrap_err())
    };
    assert_snapshot!(link(&["kompoxapp.yml"]), @"the default names kompoxapp.yml, which is a link that leads to nothing");
    assert_snapshot!(link(&[".kompox/config.yml"]), @".kompox names <dir>/.kompox/config.yml, which is a link that leads to nothing");

    let dir = Dir::new();
    dir.write("kom/w.yml", workspace("w"));
    std::os::unix::fs::symlink("nothing", dir.path().join(".kompox")).unwrap();
    assert_snapshot!(dir.render(&dir.load().unwrap_err()), @"
    <dir>/.kompox is a link that leads to nothing
        remove it; or name another directory with kompox directory
    ");
    // Nothing is looked for there.
    assert_eq!(names(&dir.load_paths(&["kom"]).unwrap()), ["w"]);
    dir.write("kompoxapp.yml", workspace("w"));
    let sources = Sources {
        kompox_dir: Some("kom".into()),
        ..dir.sources()
    };
    assert_eq!(names(&load_env(&sources, &[]).unwrap()), ["w"]);

    // A file where a directory belongs, and the other way round.
    let dir = Dir::new();
    dir.write(".kompox", "");
    dir.write("kompoxapp.yml/x", "");
    assert_snapshot!(dir.render(&dir.load().unwrap_err()), @"
    <dir>/.kompox is not a directory
        remove it; or name another directory with kompox directory
    the default names kompoxapp.yml, which is a directory
    ");
}

#[cfg(unix)]
#[test]
fn a_directory_that_may_not_be_entered_does_not_count_as_absent() {
    use std::os::unix::fs::PermissionsExt as _;

    let dir = every_source();
    let kompox = dir.path().join(".kompox");
    let mode = |mode| std::fs::set_permissions(&kompox, std::fs::Permissions::from_mode(mode)).unwrap();
    mode(0);
    // Whoever may do anything reads it all the same.
    let closed = kompox.join("kom").symlink_metadata().is_err();
    let loaded = dir.load();
    mode(0o700);
    match loaded {
        Ok(loaded) => assert!(!closed && names(&loaded) == ["default"]),
        Err(errors) => {
            let told = dir.render(&errors);
            assert!(
                closed && told.contains(".kompox/config.yml, which may not be read"),
                "{told}"
            );
        }
    }
}

/// What was found and not named is read only when nobody else could have written it.
#[cfg(unix)]
mod found {
    use std::fs::{Permissions, set_permissions};
    use std::os::unix::fs::{PermissionsExt as _, chown, symlink};
    use std::path::Path;

    use super::*;

    /// Each form that is found, what there is of it, and how it is named instead.
    type Form = (&'static str, &'static [&'static str], fn(&Dir) -> Sources);

    const FORMS: &[Form] = &[
        (
            ".kompox/kom/w.yml",
            &[
                ".kompox",
                ".kompox/config.yml",
                ".kompox/kom",
                ".kompox/kom/w.yml",
            ],
            |dir| Sources {
                kompox_dir: Some(".kompox".into()),
                ..dir.sources()
            },
        ),
        ("kompoxapp.yml", &["kompoxapp.yml"], |dir| Sources {
            kom_app: Some("kompoxapp.yml".into()),
            ..dir.sources()
        }),
        ("kompoxops.yml", &["kompoxops.yml"], |dir| Sources {
            config: Some("kompoxops.yml".into()),
            ..dir.sources()
        }),
    ];

    fn made(file: &str) -> Dir {
        let dir = Dir::new();
        let text = if file == "kompoxops.yml" {
            OPS.to_owned()
        } else {
            workspace("mine")
        };
        dir.write(file, text);
        if file.starts_with(".kompox") {
            dir.write(".kompox/config.yml", "version: 1\n");
        }
        // Whatever the mask of whoever runs the tests is.
        for (_, parts, _) in FORMS {
            for part in *parts {
                let path = dir.path().join(part);
                if path.exists() {
                    let mode = if path.is_dir() { 0o775 } else { 0o664 };
                    set(&path, mode);
                }
            }
        }
        set(dir.path(), 0o775);
        dir
    }

    fn set(path: &Path, mode: u32) {
        set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    /// The one thing that is wrong.
    fn refused(dir: &Dir, sources: &Sources, variables: &[(&str, &str)]) -> String {
        let errors = load_env(sources, variables).unwrap_err();
        assert_eq!(errors.iter().count(), 1, "{errors}");
        dir.render(&errors)
    }

    #[test]
    fn what_a_group_may_write_is_read_and_what_everybody_may_write_is_not_unless_it_is_named() {
        for (file, parts, named) in FORMS {
            let dir = made(file);
            dir.load().unwrap();
            for part in *parts {
                let path = dir.path().join(part);
                let mode = path.metadata().unwrap().permissions().mode();
                set(&path, mode | 0o002);
                let told = refused(&dir, &dir.sources(), &[]);
                assert!(told.contains("was found, not named, and"), "{part}: {told}");
                assert!(
                    told.contains("may be written by everybody") && told.contains(part),
                    "{part}: {told}"
                );
                assert!(
                    told.contains("chmod o-w") && told.contains("name it"),
                    "{part}: {told}"
                );
                load(&named(&dir), &|_| None).unwrap();
                set(&path, mode);
            }
            dir.load().unwrap();
        }
    }

    #[test]
    fn a_directory_that_everybody_may_write_counts_unless_only_owners_move_files_in_it() {
        for (file, _, named) in FORMS {
            let dir = made(file);
            set(dir.path(), 0o777);
            let told = refused(&dir, &dir.sources(), &[]);
            assert!(
                told.contains("it lies in") && told.contains("may be written by everybody"),
                "{told}"
            );
            load(&named(&dir), &|_| None).unwrap();
            set(dir.path(), 0o1777);
            dir.load().unwrap();
        }
    }

    #[test]
    fn a_configuration_found_from_below_is_looked_at_too() {
        let dir = made(".kompox/kom/w.yml");
        dir.write("deep/er/x", "");
        let sources = Sources {
            current_dir: dir.path().join("deep/er"),
            ..Sources::default()
        };
        load(&sources, &|_| None).unwrap();
        set(&dir.path().join(".kompox"), 0o777);
        refused(&dir, &sources, &[]);
        for variable in ["KOMPOX_ROOT", "KOMPOX_DIR"] {
            let value = dir
                .path()
                .join(if variable == "KOMPOX_DIR" { ".kompox" } else { "" });
            load_env(&sources, &[(variable, value.to_str().unwrap())]).unwrap();
        }
    }

    #[test]
    fn what_belongs_to_somebody_else_is_refused_unless_it_is_named_or_they_asked_root() {
        const OTHER: u32 = 12345;
        for (file, parts, named) in FORMS {
            let dir = made(file);
            for part in parts.iter().copied().chain([""]) {
                let path = dir.path().join(part);
                if chown(&path, Some(OTHER), None).is_err() {
                    println!("only root can give files away: the table in kompox-files shows the rest");
                    return;
                }
                let told = refused(&dir, &dir.sources(), &[]);
                assert!(
                    told.contains("belongs to the user with id 12345"),
                    "{part}: {told}"
                );
                assert!(told.contains("if you trust it, name it with "), "{part}: {told}");
                load(&named(&dir), &|_| None).unwrap();
                load_env(&dir.sources(), &[("SUDO_UID", "12345")]).unwrap();
                refused(&dir, &dir.sources(), &[("SUDO_UID", "12346")]);
                chown(&path, Some(0), None).unwrap();
            }
            // A link by which somebody leads to another configuration of mine.
            let elsewhere = made(file);
            let top = file.split('/').next().unwrap();
            let link = dir.path().join(top);
            if link.is_dir() {
                std::fs::remove_dir_all(&link).unwrap();
            } else {
                std::fs::remove_file(&link).unwrap();
            }
            symlink(elsewhere.path().join(top), &link).unwrap();
            dir.load().unwrap();
            std::os::unix::fs::lchown(&link, Some(OTHER), None).unwrap();
            refused(&dir, &dir.sources(), &[]);
        }
    }
}
