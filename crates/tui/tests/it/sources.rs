//! Sources of the workspace: files, modules, and the paths that they name. All paths are parsed, also those in expressions, which need no
//! `use`; those in calls of macros are not.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use syn::visit::Visit;
use syn::{ItemMod, UseTree};

/// A path as its segments. Of a module it is the path from the crate's root, without `crate`.
pub(crate) type Segments = Vec<String>;

/// Names in a module, without its tests.
#[derive(Default)]
pub(crate) struct Module {
    /// Paths from the crate's root on (`crate::…`), from the module on, or of another crate.
    pub(crate) paths: BTreeSet<Segments>,
    /// Imports and exports by name.
    pub(crate) imports: BTreeMap<String, Segments>,
}

pub(crate) fn crates() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Returns the files of a crate, each with its own path in it.
pub(crate) fn files_of(sources: &Path) -> Vec<(Segments, PathBuf)> {
    let mut files = Vec::new();
    let mut directories = vec![(Vec::new(), sources.to_owned())];
    while let Some((path, directory)) = directories.pop() {
        let Ok(entries) = std::fs::read_dir(directory) else { continue };
        for entry in entries.map(|entry| entry.expect("an entry").path()) {
            let name = entry.file_stem().expect("a name").to_string_lossy().into_owned();
            let below: Segments = path.iter().cloned().chain([name]).collect();
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

/// Returns the modules of a crate by path, without those for tests.
pub(crate) fn modules_of(name: &str) -> BTreeMap<Segments, Module> {
    let mut reader = Reader::default();
    for (path, file) in files_of(&crates().join(name).join("src")) {
        let text = std::fs::read_to_string(&file).expect("a source");
        reader.path = if path == ["main"] { Vec::new() } else { path };
        reader.visit_file(&syn::parse_file(&text).expect("Rust"));
    }
    let Reader { mut modules, tests, .. } = reader;
    modules.retain(|path, _| !tests.iter().any(|test| path.starts_with(test)));
    modules
}

pub(crate) fn is_test(item: &ItemMod) -> bool {
    item.attrs.iter().any(|attribute| attribute.path().is_ident("cfg"))
}

#[derive(Default)]
struct Reader {
    /// The current module.
    path: Segments,
    modules: BTreeMap<Segments, Module>,
    /// Modules for tests.
    tests: Vec<Segments>,
}

impl Reader {
    /// Returns a path from the crate's root if it begins with `super` or `self`.
    fn absolute(&self, segments: &[String]) -> Segments {
        let supers = segments.iter().take_while(|segment| *segment == "super").count();
        let first = segments.first().map_or("", String::as_str);
        if first != "super" && first != "self" {
            return segments.to_vec();
        }
        let kept = self.path.len().saturating_sub(supers);
        let root = std::iter::once("crate".to_owned()).chain(self.path[..kept].iter().cloned());
        root.chain(segments[supers.max(1)..].iter().cloned()).collect()
    }

    fn module(&mut self) -> &mut Module {
        self.modules.entry(self.path.clone()).or_default()
    }

    fn import(&mut self, segments: &[String], name: Option<String>) {
        let path = self.absolute(segments);
        self.module().imports.extend(name.map(|name| (name, path.clone())));
        self.module().paths.insert(path);
    }

    fn import_tree(&mut self, before: &[String], tree: &UseTree) {
        let below = |name: &syn::Ident| before.iter().cloned().chain([name.to_string()]).collect::<Segments>();
        match tree {
            UseTree::Path(path) => self.import_tree(&below(&path.ident), &path.tree),
            UseTree::Name(name) if name.ident == "self" => self.import(before, before.last().cloned()),
            UseTree::Name(name) => self.import(&below(&name.ident), Some(name.ident.to_string())),
            UseTree::Rename(rename) => self.import(&below(&rename.ident), Some(rename.rename.to_string())),
            UseTree::Glob(_) => self.import(before, None),
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.import_tree(before, tree)),
        }
    }
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_file(&mut self, file: &'ast syn::File) {
        self.module();
        syn::visit::visit_file(self, file);
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.import_tree(&[], &item.tree);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Segments = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        let path_from_root = self.absolute(&segments);
        self.module().paths.insert(path_from_root);
        syn::visit::visit_path(self, path);
    }

    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        self.path.push(item.ident.to_string());
        if is_test(item) {
            self.tests.push(self.path.clone());
        } else if item.content.is_some() {
            self.module();
            syn::visit::visit_item_mod(self, item);
        }
        self.path.pop();
    }
}
