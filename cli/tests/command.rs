//! The command as a user runs it: files in, files and text out, and the exit status.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use npyz::{AutoSerialize, DType, NpyFile, WriterBuilder};
use serde_json::Value;
use tempfile::TempDir;

struct Run {
    status: i32,
    out: String,
    err: String,
}

/// Runs `lowrank` with these words in `folder`.
fn lowrank(folder: &Path, words: &str) -> Run {
    let output =
        Command::new(env!("CARGO_BIN_EXE_lowrank")).current_dir(folder).args(words.split(' ')).output().unwrap();
    let Output { status, stdout, stderr } = output;
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Run { status: status.code().unwrap(), out: text(stdout), err: text(stderr) }
}

/// Runs it, expects success, and returns its JSON.
fn json(folder: &Path, words: &str) -> Value {
    let run = lowrank(folder, &format!("{words} --json"));
    assert_eq!(run.status, 0, "{words}: {}", run.err);
    assert_eq!((run.out.lines().count(), &*run.err), (1, ""), "{words}");
    serde_json::from_str(&run.out).unwrap()
}

/// Runs it and expects status 1 and one sentence with these pieces; nothing may be left in the folder.
fn refused(folder: &Path, words: &str, pieces: &[&str]) {
    let before = names(folder);
    let run = lowrank(folder, words);
    assert_eq!((run.status, &*run.out), (1, ""), "{words}: {}", run.err);
    assert_eq!(run.err.lines().count(), 1, "{}", run.err);
    for piece in pieces {
        assert!(run.err.contains(piece), "{:?} lacks {piece:?}", run.err);
    }
    assert_eq!(names(folder), before, "{words}");
}

fn names(folder: &Path) -> Vec<PathBuf> {
    let mut names: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    names
}

fn save<T: AutoSerialize>(path: PathBuf, rows: usize, cols: usize, values: &[T]) {
    let options = npyz::WriteOptions::new().default_dtype().shape(&[rows as u64, cols as u64]);
    let mut writer = options.writer(File::create(path).unwrap()).begin_nd().unwrap();
    writer.extend(values).unwrap();
    writer.finish().unwrap();
}

/// Type, shape and values of a file.
fn load(path: PathBuf) -> (String, Vec<u64>, Vec<f64>) {
    let npy = NpyFile::new(File::open(path).unwrap()).unwrap();
    let DType::Plain(kind) = npy.dtype() else { panic!() };
    let (kind, shape) = (kind.to_string(), npy.shape().to_vec());
    let values = match &*kind {
        "<f4" => npy.into_vec::<f32>().unwrap().into_iter().map(f64::from).collect(),
        _ => npy.into_vec::<f64>().unwrap(),
    };
    (kind, shape, values)
}

/// The product of the files F.npy and G.npy, `rows x cols`.
fn product(folder: PathBuf, rows: usize, cols: usize, rank: usize) -> Vec<f64> {
    let (_, f_shape, f) = load(folder.join("F.npy"));
    let (_, g_shape, g) = load(folder.join("G.npy"));
    assert_eq!((f_shape, g_shape), (vec![rows as u64, rank as u64], vec![rank as u64, cols as u64]));
    let entry = |p: usize| (0..rank).map(|l| f[p / cols * rank + l] * g[l * cols + p % cols]).sum();
    (0..rows * cols).map(entry).collect()
}

fn distance(x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).map(|(x, y)| (x - y).powi(2)).sum::<f64>().sqrt()
}

const EXAMPLE: [f64; 35] = [
    1.3, 1.8, 4.8, 7.1, 5.0, 5.2, 8.0, 1.5, 6.9, 3.9, -5.5, -8.5, -3.9, -5.5, 6.5, 1.6, 8.2, -7.2, -8.7, -7.9, -5.2,
    3.8, 8.3, 4.7, 6.4, 7.5, 3.2, 7.4, -7.3, -1.8, -2.1, 2.7, 6.8, 4.8, 6.2,
];
const VALUES: [f64; 5] = [28.4480211, 16.96105118, 6.75969418, 5.16119986, 3.28045566];

/// A folder with `X.npy`, the 5 x 7 example.
fn example() -> TempDir {
    let home = tempfile::tempdir().unwrap();
    save(home.path().join("X.npy"), 5, 7, &EXAMPLE);
    home
}

#[test]
fn svd_of_the_published_example() {
    let home = example();
    let home = home.path();
    let summary = json(home, "factorize X.npy --method svd --rank 2 -o out");
    let best = (VALUES[2..].iter().map(|s| s * s).sum::<f64>() / VALUES.iter().map(|s| s * s).sum::<f64>()).sqrt();
    assert!((summary["relative_error"].as_f64().unwrap() - best).abs() < 1e-9);
    let whole = ["svd", "5", "7", "2"].map(str::to_owned);
    assert_eq!(["method", "rows", "cols", "rank"].map(|key| summary[key].to_string().replace('"', "")), whole);
    assert!(summary["converged"] == true && summary["iterations"].is_u64() && summary["seconds"].is_f64());
    assert_eq!(names(&home.join("out")).len(), 3);
    let (_, shape, s) = load(home.join("out/S.npy"));
    assert_eq!(shape, [2]);
    assert!((s[0] - VALUES[0]).abs() < 1e-7 && (s[1] - VALUES[1]).abs() < 1e-7);
}

#[test]
fn singular_values_go_where_they_are_asked_to() {
    let home = example();
    let home = home.path();
    let column_norms = |name: &str, axis: usize| {
        let (_, shape, x) = load(home.join(name));
        let (outer, inner) = (shape[axis] as usize, shape[1 - axis] as usize);
        let at = |o: usize, i: usize| if axis == 1 { x[i * outer + o] } else { x[o * inner + i] };
        (0..outer).map(|o| (0..inner).map(|i| at(o, i).powi(2)).sum::<f64>().sqrt()).collect::<Vec<_>>()
    };
    let roots = VALUES.map(f64::sqrt);
    let ones = [1.0; 5];
    for (option, f, g) in [
        ("", ones, VALUES),
        (" --singular-values right", ones, VALUES),
        (" --singular-values left", VALUES, ones),
        (" --singular-values both", roots, roots),
        (" --singular-values none", ones, ones),
    ] {
        let summary = json(home, &format!("factorize X.npy --method svd --rank 5 -o out{option}"));
        assert!(distance(&column_norms("out/F.npy", 1), &f) < 1e-6, "{option}");
        assert!(distance(&column_norms("out/G.npy", 0), &g) < 1e-6, "{option}");
        if !option.ends_with("none") {
            let error = distance(&product(home.join("out"), 5, 7, 5), &EXAMPLE);
            assert!(error < 1e-12, "{option}");
            // No more is reported than is there, although |X|^2 - |S|^2 cancels.
            assert!(summary["relative_error"].as_f64().unwrap() < 1e-14, "{option}: {summary}");
        }
    }
}

#[test]
fn the_precision_is_that_of_the_input_and_the_error_is_the_true_one() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let positive = EXAMPLE.map(f64::abs);
    save(home.join("single.npy"), 5, 7, &positive.map(|x| x as f32));
    save(home.join("double.npy"), 5, 7, &positive);
    save(home.join("integer.npy"), 5, 7, &positive.map(|x| x as i16));
    // Nearly of rank one: |X|^2 - |S|^2 has cancelled in single precision.
    save(home.join("thin.npy"), 5, 7, &positive.map(|x| 1.0 + x as f32 * 1e-5));
    let thin = load(home.join("thin.npy")).2;
    let summary = json(home, "factorize thin.npy --method svd --rank 1 -o out");
    let error = distance(&product(home.join("out"), 5, 7, 1), &thin) / distance(&thin, &[0.0; 35]);
    assert!((error / summary["relative_error"].as_f64().unwrap() - 1.0).abs() < 0.05 && error < 1e-4);

    for (name, kind) in [("single", "<f4"), ("double", "<f8"), ("integer", "<f8")] {
        let (_, _, x) = match name {
            "integer" => (String::new(), vec![], positive.map(|x| x.trunc()).to_vec()),
            _ => load(home.join(format!("{name}.npy"))),
        };
        let norm = distance(&x, &[0.0; 35]);
        for method in ["svd", "nmf", "snmf", "nmf --init random", "snmf --nonnegative left"] {
            let summary = json(home, &format!("factorize {name}.npy --method {method} --rank 3 --max-iter 50 -o out"));
            assert_eq!((load(home.join("out/F.npy")).0, load(home.join("out/G.npy")).0), (kind.into(), kind.into()));
            let error = distance(&product(home.join("out"), 5, 7, 3), &x) / norm;
            let reported = summary["relative_error"].as_f64().unwrap();
            assert!((error / reported - 1.0).abs() < 1e-3, "{name}, {method}: {error} but reported {reported}");
            let (f, g) = (load(home.join("out/F.npy")).2, load(home.join("out/G.npy")).2);
            let nonnegative = |x: &[f64]| x.iter().all(|x| *x >= 0.0);
            assert!(nonnegative(&f) || !(method.starts_with("nmf") || method.ends_with("left")), "{method}");
            assert!(nonnegative(&g) || !(method.starts_with("nmf") || method == "snmf"), "{method}");
        }
    }
}

#[test]
fn a_sparse_file_gives_the_factors_of_the_dense_one() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let (rows, cols) = (40, 30);
    // Irregular, so that no two singular values agree.
    let value = |p: usize| if p * p * 31 % 101 < 20 { 1.0 + (p * 7919 % 113) as f64 } else { 0.0 };
    let x: Vec<f64> = (0..rows * cols).map(value).collect();
    save(home.join("X.npy"), rows, cols, &x);
    let entries: Vec<_> = (0..x.len()).filter(|p| x[*p] != 0.0).collect();
    let lines = entries.iter().map(|p| format!("{} {} {}\n", p / cols + 1, p % cols + 1, x[*p]));
    let header = format!("%%MatrixMarket matrix coordinate real general\n{rows} {cols} {}\n", entries.len());
    fs::write(home.join("X.mtx"), header + &lines.collect::<String>()).unwrap();
    let csv: String =
        x.chunks(cols).map(|row| row.iter().map(f64::to_string).collect::<Vec<_>>().join(",") + "\n").collect();
    fs::write(home.join("X.csv"), csv).unwrap();
    // Other starts come from an SVD to a tolerance, which dense and sparse matrices meet in different ways. Below this rank
    // the dense matrix gets more sweeps for its dearer product.
    for method in ["svd", "nmf --init random", "snmf --init random"] {
        let products = ["X.npy", "X.mtx", "X.csv"].map(|file| {
            json(home, &format!("factorize {file} --method {method} --rank 7 --max-iter 30 -o out"));
            product(home.join("out"), rows, cols, 7)
        });
        assert!(distance(&products[0], &products[1]) < 1e-9 * distance(&x, &vec![0.0; x.len()]), "{method}");
        assert_eq!(products[0], products[2], "{method}");
    }
}

#[test]
fn threads_do_not_change_a_bit() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let x: Vec<f32> = (0..700 * 300).map(|p| ((p * 7919 + p / 300 * 31) % 1009) as f32 / 1009.0).collect();
    save(home.join("X.npy"), 700, 300, &x);
    for method in ["svd", "nmf", "snmf"] {
        let bytes = ["1", "2", "3"].map(|threads| {
            let words = format!("factorize X.npy --method {method} --rank 20 --max-iter 12 -o out --threads {threads}");
            json(home, &words);
            ["F.npy", "G.npy"].map(|name| fs::read(home.join("out").join(name)).unwrap())
        });
        assert!(bytes[0] == bytes[1] && bytes[0] == bytes[2], "{method}");
    }
}

#[test]
fn bad_data_gets_one_sentence_and_leaves_nothing() {
    let home = example();
    let home = home.path();
    let svd = |file: &str| format!("factorize {file} --method svd --rank 2 -o out");
    let mut bad = EXAMPLE;
    bad[9] = f64::NAN;
    save(home.join("nan.npy"), 5, 7, &bad);
    refused(home, &svd("nan.npy"), &["nan.npy", "row 1, column 2", "NaN"]);
    refused(home, "factorize X.npy --method nmf --rank 2 -o out", &["X.npy", "row 1, column 3", "negative"]);
    refused(home, "factorize X.npy --method svd --rank 6 -o out", &["X.npy", "rank 6", "5 x 7"]);
    save(home.join("P.npy"), 5, 7, &EXAMPLE.map(f64::abs));
    refused(home, "factorize P.npy --method nmf --init nndsvd --rank 6 -o out", &["P.npy", "rank 6"]);
    json(home, "factorize P.npy --method nmf --rank 6 -o more");
    json(home, "factorize X.npy --method snmf --rank 6 -o more");

    let whole = fs::read(home.join("X.npy")).unwrap();
    fs::write(home.join("half.npy"), &whole[..whole.len() / 2 + 64]).unwrap();
    refused(home, &svd("half.npy"), &["half.npy"]);
    let text = String::from_utf8_lossy(&whole[..128]).replace("<f8", "<c8");
    fs::write(home.join("complex.npy"), [&whole[..10], &text.as_bytes()[text.len() - 118..], &whole[128..]].concat())
        .unwrap();
    refused(home, &svd("complex.npy"), &["complex.npy", "c8"]);
    save::<f64>(home.join("empty.npy"), 0, 7, &[]);
    refused(home, &svd("empty.npy"), &["empty.npy", "empty"]);
    refused(home, &svd("missing.npy"), &["missing.npy"]);
    refused(home, &svd("X.txt"), &["X.txt", ".npy"]);
    fs::write(home.join("file"), "").unwrap();
    refused(home, "factorize X.npy --method svd --rank 2 -o file", &["file"]);
    fs::create_dir(home.join("folder")).unwrap();
    refused(home, "topics folder --topics 2", &["folder", "no documents"]);
}

#[test]
fn wrong_usage_is_status_2() {
    let home = example();
    for words in [
        "factorize X.npy --method svd -o out",
        "factorize X.npy --method svd --rank 0 -o out",
        "factorize X.npy --method qr --rank 2 -o out",
        "factorize X.npy --method nmf --rank 2 -o out --singular-values left",
        "factorize X.npy --method svd --rank 2 -o out --nonnegative left",
        "factorize X.npy --method svd --rank 2 -o out --tol 1",
        "factorize X.npy --method svd --rank 2 -o out --threads 100000",
        "factorize X.npy --method svd --rank 2 -o out --tensor W",
        "factorize X.npy --method svd --rank 2 -o out --init random",
        "factorize X.npy --method nmf --rank 2 -o out --init kmeans",
        "factorize X.npy --method snmf --rank 2 -o out --init nndsvd",
        "factorize X.npy --method snmf --rank 2 -o out --l1 1",
        "factorize X.npy --method snmf --rank 2 -o out --loss kl",
        "factorize X.npy --method svd --rank 2 -o out --solver mu",
        "factorize X.npy --method svd --rank 2 -o out --normalize left",
        "factorize X.npy --method nmf --rank 2 -o out --solver hals --loss kl",
        "factorize X.npy --method nmf --rank 2 -o out --loss nan",
        "factorize X.npy --method nmf --rank 2 -o out --l2 -1",
        "factorize X.npy --method nmf --rank 2 -o out --target 1",
        "transform X.npy -o out",
        "transform X.npy --factors f -o out --tol 0.1",
        "transform X.npy --factors f -o out --l1 0.1",
        "topics",
        "sing",
    ] {
        let run = lowrank(home.path(), words);
        assert_eq!((run.status, &*run.out), (2, ""), "{words}");
        assert!(run.err.contains("error:") || run.err.contains("Usage"), "{words}: {}", run.err);
        assert!(!home.path().join("out").exists());
    }
}

#[test]
fn results_replace_older_ones_and_spare_the_neighbours() {
    let home = example();
    let home = home.path();
    json(home, "factorize X.npy --method svd --rank 2 -o out");
    fs::write(home.join("out/notes.txt"), "kept").unwrap();
    json(home, "factorize X.npy --method snmf --rank 3 -o out");
    assert_eq!(load(home.join("out/F.npy")).1, [5, 3]);
    assert_eq!(fs::read_to_string(home.join("out/notes.txt")).unwrap(), "kept");
    // The singular values belonged to other factors.
    assert!(!home.join("out/S.npy").exists());
    // Where one file cannot be replaced, none is.
    fs::remove_file(home.join("out/G.npy")).unwrap();
    fs::create_dir(home.join("out/G.npy")).unwrap();
    refused(home, "factorize X.npy --method svd --rank 2 -o out", &["out/G.npy", "folder"]);
    assert_eq!(load(home.join("out/F.npy")).1, [5, 3]);
}

/// The corpus that the project ships: each topic is one subject, and its first terms are of that subject.
#[test]
fn topics_of_the_example_corpus() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let subjects = [
        ["boat", "sail", "wind"],
        ["dough", "flour", "oven"],
        ["orchestra", "violin", "melody"],
        ["rider", "wheel", "race"],
        ["soil", "plant", "compost"],
        ["star", "planet", "telescope"],
    ];
    for method in ["nmf", "nmf --weighting count --stop-words english"] {
        let summary = json(&corpus, &format!("topics corpus --topics 6 --method {method}"));
        assert_eq!(summary["rows"], 72);
        let mut found: Vec<usize> = Vec::new();
        for topic in summary["topics"].as_array().unwrap() {
            let terms: Vec<&str> = topic.as_array().unwrap().iter().map(|t| t["term"].as_str().unwrap()).collect();
            assert_eq!(terms.len(), 8);
            found.extend((0..6).filter(|&s| subjects[s].iter().filter(|word| terms.contains(word)).count() >= 2));
            let weights: Vec<f64> = topic.as_array().unwrap().iter().map(|t| t["weight"].as_f64().unwrap()).collect();
            assert!(weights.windows(2).all(|w| w[0] >= w[1]) && weights.iter().sum::<f64>() < 1.0);
        }
        if method == "nmf" {
            found.sort_unstable();
            assert_eq!(found, [0, 1, 2, 3, 4, 5]);
        }
    }
}

#[test]
fn topics_of_labelled_lines() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let lines = "pets\tthe cat and the dog\nships\tthe sail and the mast\npets\tdog cat dog\nships\tmast sail sail\n";
    fs::write(home.join("lines.tsv"), lines).unwrap();
    for method in ["nmf", "svd"] {
        let words = format!("topics lines.tsv --labelled --topics 2 --top 2 --method {method}");
        let run = lowrank(home, &words);
        assert_eq!(run.status, 0, "{}", run.err);
        assert!(run.out.contains("4 documents, 4 terms, 2 topics"), "{}", run.out);
        assert!(run.out.contains("2 documents, 2 of them pets") && run.out.contains("2 documents, 2 of them ships"));
        let summary = json(home, &words);
        let mut topics: Vec<Vec<&str>> = summary["topics"]
            .as_array()
            .unwrap()
            .iter()
            .map(|topic| topic.as_array().unwrap().iter().map(|t| t["term"].as_str().unwrap()).collect())
            .collect();
        topics.iter_mut().for_each(|terms| terms.sort_unstable());
        topics.sort();
        assert_eq!(topics, [["cat", "dog"], ["mast", "sail"]]);
    }
    // A document of stop words only belongs to no topic.
    fs::write(home.join("more.tsv"), format!("{lines}none\tthe and\n")).unwrap();
    let run = lowrank(home, "topics more.tsv --labelled --topics 2");
    assert!(run.out.contains("5 documents, 4 terms") && !run.out.contains("3 documents,"), "{}", run.out);
    // Every word is a stop word: nothing is left.
    fs::write(home.join("words.txt"), "the and cat dog sail mast").unwrap();
    refused(home, "topics lines.tsv --labelled --stop-words words.txt", &["lines.tsv"]);
    // All words count without them.
    assert_eq!(json(home, "topics lines.tsv --labelled --topics 2 --stop-words none")["cols"], 6);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_device_is_an_error_and_a_closed_pipe_is_not() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/corpus");
    let run = |stdout: std::process::Stdio| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lowrank"));
        command.arg("topics").arg(&corpus).stdout(stdout).output().unwrap()
    };
    let full = run(File::options().write(true).open("/dev/full").unwrap().into());
    assert_eq!(full.status.code(), Some(1));
    assert!(String::from_utf8(full.stderr).unwrap().starts_with("lowrank: standard output: "));
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let closed = run(writer.into());
    assert_eq!((closed.status.code(), closed.stderr), (Some(0), Vec::new()));
}

#[cfg(unix)]
#[test]
fn an_interruption_ends_it_and_leaves_nothing() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let x: Vec<f64> = (0..400 * 300).map(|p| (p * 7919 % 1009) as f64).collect();
    save(home.join("X.npy"), 400, 300, &x);
    let words = "factorize X.npy --method snmf --rank 40 --tol 0 --max-iter 100000000 -o out";
    let mut child =
        Command::new(env!("CARGO_BIN_EXE_lowrank")).current_dir(home).args(words.split(' ')).spawn().unwrap();
    // Its hidden folder shows that it has begun.
    while names(home).len() < 2 {
        std::thread::yield_now();
    }
    // The shell's own `kill`: a bare system has no program of that name.
    Command::new("sh").args(["-c", &format!("kill -INT {}", child.id())]).status().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(names(home), [home.join("X.npy")]);
}

#[test]
fn every_option_of_nmf_and_snmf_gives_factors_of_the_error_it_tells() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let (rows, cols) = (12, 9);
    let x: Vec<f64> = (0..rows * cols).map(|p| 0.1 + (p * 7919 % 113) as f64).collect();
    save(home.join("X.npy"), rows, cols, &x);
    let norm = distance(&x, &vec![0.0; x.len()]);
    for options in [
        "nmf --solver mu",
        "nmf --solver hals --init nndsvda",
        "nmf --init nndsvdar --l1 0.01 --l2 0.1",
        "nmf --loss frobenius --normalize left",
        "nmf --init random --normalize right",
        "snmf --init kmeans",
        "snmf --init svd --nonnegative left",
        "snmf --init random --solver mu --normalize right",
    ] {
        let summary = json(home, &format!("factorize X.npy --method {options} --rank 3 -o out"));
        let error = distance(&product(home.join("out"), rows, cols, 3), &x) / norm;
        let told = summary["relative_error"].as_f64().unwrap();
        assert!((error / told - 1.0).abs() < 1e-9, "{options}: {error}, but {told}");
        let (f, g) = (load(home.join("out/F.npy")).2, load(home.join("out/G.npy")).2);
        let size = |j: usize, right: bool| -> f64 {
            let term = if right {
                g[j * cols..(j + 1) * cols].to_vec()
            } else {
                f.iter().skip(j).step_by(3).copied().collect()
            };
            term.iter().map(|x| x * x).sum()
        };
        for (side, right) in [("left", false), ("right", true)] {
            let normalized = options.ends_with(&format!("--normalize {side}"));
            assert!(!normalized || (0..3).all(|j| (size(j, right) - 1.0).abs() < 1e-12), "{options}");
        }
    }
    // Ended by the target, before the tolerance.
    let all = json(home, "factorize X.npy --method nmf --init random --rank 3 --tol 0 -o out");
    let target = 1.01 * all["relative_error"].as_f64().unwrap();
    let early =
        json(home, &format!("factorize X.npy --method nmf --init random --rank 3 --tol 0 --target {target} -o out"));
    assert!(early["converged"] == true && early["iterations"].as_u64() < all["iterations"].as_u64());
    assert!(early["relative_error"].as_f64().unwrap() <= target);
    let svd = json(home, "factorize X.npy --method svd --rank 3 --tol 0 --target 0.99 -o out");
    assert!(svd["converged"] == true && svd["iterations"].as_u64() < Some(100));

    for (loss, beta) in [("kl", 1.0), ("is", 0.0), ("0.5", 0.5), ("3", 3.0), ("-1", -1.0)] {
        let words = format!("factorize X.npy --method nmf --loss {loss} --rank 3 -o out");
        let told = json(home, &words)["relative_error"].as_f64().unwrap();
        let v = product(home.join("out"), rows, cols, 3);
        let term = |x: f64, v: f64| match loss {
            "kl" => [x * (x / v).ln() - x + v, x],
            "is" => [x / v - (x / v).ln() - 1.0, 1.0],
            _ => {
                let sum = x.powf(beta) + (beta - 1.0) * v.powf(beta) - beta * x * v.powf(beta - 1.0);
                [sum / (beta * (beta - 1.0)), x.powf(beta) / beta.max(1.0)]
            }
        };
        let sum = x.iter().zip(&v).map(|(x, v)| term(*x, *v)).fold([0.0; 2], |s, t| [s[0] + t[0], s[1] + t[1]]);
        assert!((told / (sum[0] / sum[1]).sqrt() - 1.0).abs() < 1e-9, "{loss}");
    }
}

#[test]
fn new_rows_are_folded_into_saved_factors() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let (rows, cols, rank) = (40, 9, 3);
    let x: Vec<f64> = (0..rows * cols).map(|p| 0.1 + (p * 7919 % 113) as f64).collect();
    save(home.join("X.npy"), rows, cols, &x);
    let lines: String =
        x.chunks(cols).map(|r| r.iter().map(f64::to_string).collect::<Vec<_>>().join(",") + "\n").collect();
    fs::write(home.join("X.csv"), lines).unwrap();
    let single: Vec<f32> = x.iter().map(|x| *x as f32).collect();
    save(home.join("S.npy"), rows, cols, &single);
    for (method, options) in [
        ("nmf", " --nonnegative"),
        ("nmf --loss kl", " --nonnegative --loss kl --tol 0 --max-iter 3000"),
        ("snmf", ""),
        ("snmf --nonnegative left", " --nonnegative"),
        ("svd", ""),
    ] {
        json(home, &format!("factorize X.npy --method {method} --rank {rank} --tol 1e-9 --max-iter 5000 -o all"));
        let f = load(home.join("all/F.npy")).2;
        let size = distance(&f, &vec![0.0; f.len()]);
        for (file, limit) in [("X.npy", 1e-2), ("X.csv", 1e-2), ("S.npy", 1e-2)] {
            // F is the best for its G, so that the same rows give it again.
            let summary = json(home, &format!("transform {file} --factors all -o new{options}"));
            assert_eq!((summary["rows"].as_u64(), summary["rank"].as_u64()), (Some(40), Some(3)));
            let (kind, shape, new) = load(home.join("new/F.npy"));
            assert_eq!((kind, shape), (if file == "S.npy" { "<f4" } else { "<f8" }.into(), vec![40, 3]));
            assert!(distance(&new, &f) < limit * size, "{method}, {file}: {}", distance(&new, &f) / size);
        }
    }
    refused(home, "transform X.npy --factors all -o new2 --nonnegative --loss 11", &["X.npy", "--loss", "10.6"]);
    refused(home, "transform nothing.npy --factors all -o new", &["nothing.npy"]);
    refused(home, "transform X.npy --factors nothing -o new", &["nothing"]);
    save(home.join("wide.npy"), 4, 10, &x[..40]);
    refused(home, "transform wide.npy --factors all -o new2", &["wide.npy", "10 columns", "9"]);
    assert!(!home.join("new2").exists());
}
