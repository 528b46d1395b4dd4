//! Walls around the screen's state and around what draws it: which crates they compile, and which paths they name. All paths are parsed,
//! also those in expressions, which need no `use`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use syn::visit::Visit;
use syn::{ItemMod, UseTree};

/// Allowed dependencies of a crate.
const DEPENDENCIES: &[(&str, &[&str])] = &[
    (
        "app",
        &[
            "fastrand",
            "graph-layout",
            "ingest-state",
            "jiff",
            "printable",
            "ratatui-core",
            "trace-files",
            "trace-model",
            "trace-stats",
            "unicode-segmentation",
            "unicode-width",
            "url",
            "value-text",
        ],
    ),
    ("value-text", &[]),
    (
        "view",
        &["app", "printable", "ratatui", "trace-model", "trace-stats", "unicode-width"],
    ),
    ("ingest-state", &["printable", "trace-model"]),
];

/// I/O and clocks, which a screen's state and its drawing must not name.
const OUTSIDE: &[&str] = &[
    "std::env",
    "std::fs",
    "std::net",
    "std::process",
    "std::thread",
    "std::time::Instant",
    "std::time::SystemTime",
];

#[test]
fn crates_depend_on_nothing_else() {
    let metadata = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args([
            "metadata",
            "--no-deps",
            "--format-version",
            "1",
            "--offline",
            "--manifest-path",
        ])
        .arg(crates().join("tui/Cargo.toml"))
        .output()
        .expect("cargo");
    let metadata: serde_json::Value = serde_json::from_slice(&metadata.stdout).expect("JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    for (name, allowed) in DEPENDENCIES {
        let package = packages.iter().find(|package| package["name"] == *name).expect("a package");
        let dependencies = package["dependencies"].as_array().expect("dependencies").iter();
        let normal = dependencies.filter(|dependency| dependency["kind"].is_null());
        let names: BTreeSet<&str> = normal.filter_map(|dependency| dependency["name"].as_str()).collect();
        assert_eq!(names, allowed.iter().copied().collect(), "{name}");
    }
}

#[test]
fn state_and_drawing_name_nothing_outside() {
    for name in ["app", "view"] {
        let found = paths_of(name);
        assert!(found.len() > 100, "{name} was read: {found:?}");
        let beyond: Vec<_> = found.iter().filter(|path| is_below(path, OUTSIDE)).collect();
        assert!(beyond.is_empty(), "{name}: {beyond:?}");
    }
}

#[test]
fn state_uses_only_geometry_of_the_drawing_crate() {
    let found = paths_of("app");
    let drawing: BTreeSet<_> = found.iter().filter(|path| path.starts_with("ratatui_core")).collect();
    let beyond: Vec<_> = drawing
        .iter()
        .filter(|path| !is_below(path, &["ratatui_core::layout"]))
        .collect();
    assert!(!drawing.is_empty() && beyond.is_empty(), "{beyond:?}");
}

/// Fields that are read are listed; changes go through [`app::App::apply`].
#[test]
fn event_loop_writes_no_field_of_the_state() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/viewer");
    let files = files_of(&sources).into_iter().map(|(_, file)| file);
    let mut fields = Fields::default();
    for file in files.chain([sources.with_extension("rs")]) {
        let text = std::fs::read_to_string(&file).expect("a source");
        fields.visit_file(&syn::parse_file(&text).expect("Rust"));
    }
    let read: Vec<&str> = fields.named.iter().map(String::as_str).collect();
    assert_eq!(read, ["aggregates", "files", "mode", "services", "store", "traces", "zone"]);
    assert_eq!(fields.written, BTreeSet::new());
}

/// Fields of the state that an expression names, and those that it assigns to or borrows to be changed.
#[derive(Default)]
struct Fields {
    named: BTreeSet<String>,
    written: BTreeSet<String>,
}

/// The field of the state that an expression is, or is a part of.
fn field_of_app(expression: &syn::Expr) -> Option<String> {
    let syn::Expr::Field(field) = expression else { return None };
    let syn::Member::Named(name) = &field.member else {
        return None;
    };
    let is_app = match &*field.base {
        syn::Expr::Path(path) => path.path.is_ident("app"),
        syn::Expr::Field(base) => matches!(&base.member, syn::Member::Named(name) if name == "app"),
        _ => false,
    };
    if is_app {
        return Some(name.to_string());
    }
    field_of_app(&field.base)
}

impl<'ast> Visit<'ast> for Fields {
    fn visit_expr(&mut self, expression: &'ast syn::Expr) {
        self.named.extend(field_of_app(expression));
        syn::visit::visit_expr(self, expression);
    }

    fn visit_expr_assign(&mut self, assign: &'ast syn::ExprAssign) {
        self.written.extend(field_of_app(&assign.left));
        syn::visit::visit_expr_assign(self, assign);
    }

    fn visit_expr_reference(&mut self, reference: &'ast syn::ExprReference) {
        if reference.mutability.is_some() {
            self.written.extend(field_of_app(&reference.expr));
        }
        syn::visit::visit_expr_reference(self, reference);
    }

    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        // Tests may name anything.
        if !item.attrs.iter().any(|attribute| attribute.path().is_ident("cfg")) {
            syn::visit::visit_item_mod(self, item);
        }
    }
}

fn is_below(path: &str, walls: &[&str]) -> bool {
    walls.iter().any(|wall| {
        path.strip_prefix(wall)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
    })
}

pub(crate) fn crates() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Returns all paths that a crate names.
fn paths_of(name: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (module, file) in files_of(&crates().join(name).join("src")) {
        let text = std::fs::read_to_string(&file).expect("a source");
        let mut paths = Paths {
            module,
            found: BTreeSet::new(),
        };
        paths.visit_file(&syn::parse_file(&text).expect("Rust"));
        found.extend(paths.found);
    }
    found
}

/// The files of a crate, each with its own path in it.
pub(crate) fn files_of(sources: &Path) -> Vec<(Vec<String>, PathBuf)> {
    let mut files = Vec::new();
    let mut directories = vec![(Vec::new(), sources.to_owned())];
    while let Some((path, directory)) = directories.pop() {
        let Ok(entries) = std::fs::read_dir(directory) else { continue };
        for entry in entries.map(|entry| entry.expect("an entry").path()) {
            let name = entry.file_stem().expect("a name").to_string_lossy().into_owned();
            let below: Vec<String> = path.iter().cloned().chain([name]).collect();
            let below = if below == ["lib"] { Vec::new() } else { below };
            if entry.is_dir() {
                directories.push((below, entry));
            } else if entry.extension().is_some_and(|extension| extension == "rs") {
                files.push((below, entry));
            }
        }
    }
    files
}

/// Paths that a file names, from the crate's root on or from another crate's.
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
