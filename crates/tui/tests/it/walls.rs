//! Walls inside the crate: which module may not name which. All paths are parsed, also those in expressions, which need no `use`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use syn::visit::Visit;
use syn::{ItemMod, UseTree};

/// A module, what it must not name, and what of that it still does: paths that leave with the next steps, and none that is added.
const WALLS: &[(&str, &[&str], &[&str])] = &[
    (
        "app",
        &[
            "crate::view",
            "crate::viewer",
            "collector",
            "tokio",
            "hyper",
            "tonic",
            "crossterm",
            "reqwest",
            "sentry_api",
            "crate::demo",
            "crate::tail",
            "std::fs",
            "std::net",
            "std::time::Instant",
        ],
        &[],
    ),
    (
        "view",
        &[
            "crate::viewer",
            "crate::config",
            "collector",
            "tokio",
            "crossterm",
            "std::fs",
            "std::net",
            "std::time::Instant",
        ],
        &[],
    ),
    (
        "keymap",
        &["crate::view", "crate::viewer", "collector", "crossterm", "tokio", "std::fs"],
        &[],
    ),
    ("format", &["crate::app", "crate::view", "ratatui", "tokio"], &[]),
];

#[test]
fn modules_name_nothing_beyond_their_walls() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for (module, walls, known) in WALLS {
        let mut found = BTreeSet::new();
        for (path, file) in files_of(&sources, module) {
            let text = std::fs::read_to_string(&file).expect("a source");
            let mut paths = Paths {
                module: path,
                found: BTreeSet::new(),
            };
            paths.visit_file(&syn::parse_file(&text).expect("Rust"));
            found.extend(paths.found);
        }
        assert!(
            found.contains("crate::text::clean") || found.len() > 5,
            "{module} was read: {found:?}"
        );
        let is_beyond = |path: &&String| {
            walls
                .iter()
                .any(|wall| **path == *wall || path.starts_with(&format!("{wall}::")))
        };
        let beyond: BTreeSet<&str> = found.iter().filter(is_beyond).map(String::as_str).collect();
        let known: BTreeSet<&str> = known.iter().copied().collect();
        assert_eq!(beyond, known, "{module}");
    }
}

/// The files of a module, each with its own path in the crate.
fn files_of(sources: &Path, module: &str) -> Vec<(Vec<String>, PathBuf)> {
    let mut files = vec![(vec![module.to_owned()], sources.join(format!("{module}.rs")))];
    let mut directories = vec![(vec![module.to_owned()], sources.join(module))];
    while let Some((path, directory)) = directories.pop() {
        let Ok(entries) = std::fs::read_dir(directory) else { continue };
        for entry in entries.map(|entry| entry.expect("an entry").path()) {
            let name = entry.file_stem().expect("a name").to_string_lossy().into_owned();
            let below: Vec<String> = path.iter().cloned().chain([name]).collect();
            if entry.is_dir() {
                directories.push((below, entry));
            } else if entry.extension().is_some_and(|extension| extension == "rs") {
                files.push((below, entry));
            }
        }
    }
    files
}

/// All paths that a file names, from the crate's root on or from another crate's.
struct Paths {
    module: Vec<String>,
    found: BTreeSet<String>,
}

impl Paths {
    fn add(&mut self, segments: &[String]) {
        let supers = segments.iter().take_while(|segment| *segment == "super").count();
        let path = match segments.first().map(String::as_str) {
            Some("super") => {
                let kept = self.module.len().saturating_sub(supers);
                let root = std::iter::once("crate".to_owned()).chain(self.module[..kept].iter().cloned());
                root.chain(segments[supers..].iter().cloned()).collect::<Vec<_>>()
            }
            _ => segments.to_vec(),
        };
        self.found.insert(path.join("::"));
    }

    fn add_tree(&mut self, before: &[String], tree: &UseTree) {
        let below = |name: &syn::Ident| before.iter().cloned().chain([name.to_string()]).collect::<Vec<_>>();
        match tree {
            UseTree::Path(path) => self.add_tree(&below(&path.ident), &path.tree),
            UseTree::Name(name) if name.ident == "self" => self.add(before),
            UseTree::Name(name) => self.add(&below(&name.ident)),
            UseTree::Rename(rename) => self.add(&below(&rename.ident)),
            UseTree::Glob(_) => self.add(before),
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.add_tree(before, tree)),
        }
    }
}

impl<'ast> Visit<'ast> for Paths {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.add_tree(&[], &item.tree);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<_> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.add(&segments);
        syn::visit::visit_path(self, path);
    }

    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        // Tests may name what they like.
        let is_test = item.attrs.iter().any(|attribute| attribute.path().is_ident("cfg"));
        if !is_test {
            self.module.push(item.ident.to_string());
            syn::visit::visit_item_mod(self, item);
            self.module.pop();
        }
    }
}
