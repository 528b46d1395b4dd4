//! Initial inputs.

use std::path::Path;
use std::{fs, io};

pub(crate) const TRACES: &[u8] = include_bytes!("../seeds/traces.json");
pub(crate) const LOGS: &[u8] = include_bytes!("../seeds/logs.json");
pub(crate) const METRICS: &[u8] = include_bytes!("../seeds/metrics.json");
pub(crate) const JAEGER: &[u8] = include_bytes!("../seeds/jaeger.json");
pub(crate) const ZIPKIN: &[u8] = include_bytes!("../seeds/zipkin.json");
pub(crate) const ENVELOPE: &[u8] = include_bytes!("../seeds/envelope.txt");
pub(crate) const ENVELOPE_ITEMS: &[u8] = include_bytes!("../seeds/envelope_items.txt");

/// Returns every file under a directory; of a file with one document per line, every line.
///
/// # Errors
/// A file or directory cannot be read.
pub fn fixtures(directory: &Path) -> io::Result<Vec<Vec<u8>>> {
    let mut documents = Vec::new();
    let mut directories = vec![directory.to_path_buf()];
    while let Some(directory) = directories.pop() {
        let mut paths = fs::read_dir(directory)?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<io::Result<Vec<_>>>()?;
        paths.sort();
        for path in paths {
            if path.is_dir() {
                directories.push(path);
                continue;
            }
            let content = fs::read(&path)?;
            if path.extension().is_some_and(|extension| extension == "jsonl") {
                documents.extend(content.split(|byte| *byte == b'\n').map(<[u8]>::to_vec));
            } else {
                documents.push(content);
            }
        }
    }
    Ok(documents)
}
