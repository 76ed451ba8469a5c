//! Directories, links and sizes.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::format_push_string,
    reason = "a test may panic, and speaks to whoever runs it"
)]

mod common;

use std::fs::File;

use common::{Dir, VALID};
use insta::assert_snapshot;

fn document(number: usize) -> String {
    format!(
        "apiVersion: ops.kompox.dev/v1alpha1\nkind: Workspace\nmetadata:\n  name: w{number}\n  annotations:\n    ops.kompox.dev/id: /ws/w{number}\n"
    )
}

fn read(dir: &Dir, paths: &[&str]) -> Vec<String> {
    let loaded = dir.load_paths(paths).unwrap();
    let names = loaded.files.iter();
    names
        .map(|path| path.strip_prefix(dir.path()).unwrap().display().to_string())
        .collect()
}

#[test]
fn directories_are_read_recursively_in_the_order_of_names_without_those_of_other_tools() {
    let dir = Dir::new();
    for (number, name) in ["kom/b.yml", "kom/a/z.yaml", "kom/a/b/c.yml", "kom/C.yml"]
        .iter()
        .enumerate()
    {
        dir.write(name, document(number));
    }
    for name in [
        "kom/x.txt",
        "kom/x.yml.bak",
        "kom/.git/x.yml",
        "kom/node_modules/x.yml",
        "kom/a/vendor/x.yml",
    ] {
        dir.write(name, "no: KOM\n");
    }
    assert_eq!(
        read(&dir, &["kom"]),
        ["kom/C.yml", "kom/a/b/c.yml", "kom/a/z.yaml", "kom/b.yml"]
    );
    // Only what lies below counts: the named directory itself may be called anything.
    dir.write("build/w.yml", document(9));
    assert_eq!(read(&dir, &["build"]), ["build/w.yml"]);
}

#[test]
fn a_file_that_is_reached_twice_is_read_once() {
    let dir = Dir::kom(VALID);
    assert_eq!(
        read(&dir, &["kom", "kom/app.yml", "./kom/../kom"]),
        ["kom/app.yml"]
    );
}

#[test]
fn the_config_file_and_a_further_app_file_are_not_taken_for_kom() {
    let dir = Dir::new();
    dir.write(".kompox/config.yml", "version: 1\n");
    dir.write(".kompox/kom/w.yml", document(1));
    let defaults = "apiVersion: ops.kompox.dev/v1alpha1\nkind: Defaults\nspec: {komPath: [nowhere]}\n";
    dir.write(".kompox/kom/other/kompoxapp.yml", defaults);
    assert_eq!(read(&dir, &[".kompox"]).len(), 2);
}

#[test]
fn a_file_of_100_mb_is_refused_by_its_size() {
    let dir = Dir::kom(VALID);
    let path = dir.write("kom/big.yml", "");
    File::options()
        .write(true)
        .open(path)
        .unwrap()
        .set_len(100 << 20)
        .unwrap();
    assert_snapshot!(dir.errors(), @"kom/big.yml:1:1 (document 1): this is larger than 4 MiB");
}

#[test]
fn the_size_of_all_files_together_is_bounded() {
    let dir = Dir::kom(VALID);
    for number in 0..9 {
        let path = dir.write(&format!("kom/{number}.yml"), "");
        File::options()
            .write(true)
            .open(path)
            .unwrap()
            .set_len(4 << 20)
            .unwrap();
    }
    let shown = dir.errors();
    assert!(
        shown.contains("with this file the configuration has more than 32 MiB"),
        "{shown}"
    );
}

#[test]
fn directories_may_not_be_nested_without_end() {
    let dir = Dir::new();
    dir.write(&format!("kom/{}w.yml", "d/".repeat(40)), document(1));
    let shown = dir.errors();
    assert!(
        shown.contains("directories are nested more than 32 deep"),
        "{shown}"
    );
}

#[cfg(unix)]
mod links {
    use std::os::unix::fs::symlink;
    use std::process::Command;

    use super::*;

    #[test]
    fn a_loop_of_directories_is_an_error_that_names_the_link() {
        let dir = Dir::kom(VALID);
        dir.write("kom/deep/w.yml", document(1));
        symlink("../../kom", dir.path().join("kom/deep/back")).unwrap();
        assert_snapshot!(dir.errors(), @"kom/deep/back:1:1 (document 1): this link leads back to kom, which is a loop");
    }

    #[test]
    fn a_link_to_itself_or_to_nothing_is_an_error_that_names_it() {
        let dir = Dir::kom(VALID);
        symlink("self.yml", dir.path().join("kom/self.yml")).unwrap();
        symlink("none.yml", dir.path().join("kom/dangling.yml")).unwrap();
        assert_snapshot!(dir.errors(), @r"
    kom/dangling.yml:1:1 (document 1): this is a link that leads to nothing
    kom/self.yml:1:1 (document 1): this is a loop of links
    ");
        assert_snapshot!(dir.render(&dir.load_paths(&["kom/self.yml"]).unwrap_err()), @"--kom-path names kom/self.yml, which is a loop of links");
    }

    #[test]
    fn a_file_that_is_reached_by_links_is_read_once() {
        let dir = Dir::new();
        dir.write("real/w.yml", document(1));
        dir.write("kom/x.txt", "");
        symlink("../real/w.yml", dir.path().join("kom/a.yml")).unwrap();
        symlink("../real", dir.path().join("kom/b")).unwrap();
        symlink("../real", dir.path().join("kom/c")).unwrap();
        assert_eq!(read(&dir, &["kom", "real"]), ["kom/a.yml"]);
    }

    #[test]
    fn links_that_multiply_paths_do_not_multiply_the_work() {
        let dir = Dir::new();
        dir.write("kom/d30/w.yml", document(1));
        for level in 0..30 {
            dir.write(&format!("kom/d{level}/x"), "");
            for name in ["a", "b", "c"] {
                symlink(
                    format!("../d{}", level + 1),
                    dir.path().join(format!("kom/d{level}/{name}")),
                )
                .unwrap();
            }
        }
        assert_eq!(read(&dir, &["kom"]).len(), 1);
    }

    #[test]
    fn the_kom_path_of_defaults_may_not_leave_the_root_by_a_link_either() {
        let outside = Dir::new();
        outside.write("w.yml", document(1));
        let dir = Dir::new();
        dir.write(".kompox/x", "");
        dir.write("kom/w.yml", document(2));
        symlink(outside.path(), dir.path().join("link")).unwrap();
        symlink(outside.path().join("w.yml"), dir.path().join("kom/linked.yml")).unwrap();
        dir.write(
            "kompoxapp.yml",
            "apiVersion: ops.kompox.dev/v1alpha1\nkind: Defaults\nspec:\n  komPath:\n    - link\n    - kom\n",
        );
        let shown = dir.render(&dir.load().unwrap_err());
        let real = std::fs::canonicalize(outside.path()).unwrap();
        assert_snapshot!(shown.replace(real.to_str().unwrap(), "<outside>"), @"
        kompoxapp.yml:5:7 (document 1): komPath leads to <outside>, which lies outside of <dir>
            if it is meant, name it with KOM path
        kom/linked.yml:1:1 (document 1): komPath leads to <outside>/w.yml, which lies outside of <dir>
            if it is meant, name it with KOM path
        ");
    }

    #[test]
    fn the_lock_of_an_editor_is_no_configuration() {
        let dir = Dir::kom(VALID);
        symlink("somebody@host.1234", dir.path().join("kom/.#app.yml")).unwrap();
        assert_eq!(read(&dir, &["kom"]), ["kom/app.yml"]);
    }

    #[test]
    fn a_pipe_is_refused_before_it_is_opened() {
        let dir = Dir::kom(VALID);
        let made = Command::new("mkfifo")
            .arg(dir.path().join("kom/pipe.yml"))
            .status()
            .unwrap();
        assert!(made.success());
        assert_snapshot!(dir.errors(), @"kom/pipe.yml:1:1 (document 1): this is a named pipe, not a regular file");
    }
}
