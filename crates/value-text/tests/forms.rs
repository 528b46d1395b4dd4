//! Recognition and layout of texts.

use value_text::{Document, Form, Hint, LINE_BYTES_MAX, Outline, Role};

fn read(text: &str, hint: Option<Hint>) -> Document {
    let mut document = Document::new(text, hint);
    let mut steps = 0;
    while !document.is_complete() {
        document.step(LINE_BYTES_MAX);
        steps += 1;
        assert!(steps <= text.len() / 100 + text.lines().count() + 100, "it goes on");
    }
    document
}

fn shown(text: &str, hint: Option<Hint>) -> Vec<String> {
    let (document, outline) = (read(text, hint), Outline::default());
    outline
        .visible(document.lines())
        .map(|at| document.text_of(at, &outline))
        .collect()
}

/// The frames of the program's own code, and the numbers of library frames between them.
fn frames(text: &str) -> Vec<String> {
    let (document, outline) = (read(text, None), Outline::default());
    assert_eq!(document.form(), Form::StackTrace, "{text}");
    let mut frames = Vec::new();
    for at in outline.visible(document.lines()) {
        let is_own = document.pieces(at, &outline).iter().any(|piece| piece.role == Role::Own);
        if is_own || document.lines()[at].is_fold {
            frames.push(document.text_of(at, &outline).trim().to_owned());
        }
    }
    frames
}

#[test]
fn forms_are_recognized() {
    for (text, form) in [
        ("plain words", Form::Text),
        ("", Form::Text),
        (r#"{"a": 1}"#, Form::Json),
        ("[1, 2", Form::Json),
        (r#" {"a": "cut he"#, Form::Json),
        ("[2026-01-02] started", Form::Text),
        ("{}", Form::Text),
        ("{not json}", Form::Text),
        ("SELECT a FROM b", Form::Sql),
        ("update users set name = ?", Form::Sql),
        ("Select one of these", Form::Text),
        ("With kind regards", Form::Text),
        ("https://api.example.com/carts/17?expand=items", Form::Url),
        ("https://api.example.com", Form::Text),
        ("see https://api.example.com/a b", Form::Text),
        (
            "aGVsbG8gd29ybGQsIHRoaXMgaXMgYSBsb25nZXIgdGV4dCBpbiBiYXNlNjQgZm9ybS4uLg==",
            Form::Base64,
        ),
        (
            "0b2e7a6c0d0e4c2c9d1d1c6a53dc8b0f0b2e7a6c0d0e4c2c9d1d1c6a53dc8b0f0b2e7a6c",
            Form::Text,
        ),
        ("one line: at a.b(c)", Form::Text),
    ] {
        assert_eq!(Form::of(text, None), form, "{text}");
    }
    assert_eq!(Form::of("COMMIT", Hint::of_key("db.statement")), Form::Sql);
    assert_eq!(Form::of("GET user:1", Hint::of_key("db.statement")), Form::Text);
}

#[test]
fn json_has_a_line_for_each_member() {
    let text = r#"{"a":{"b":[1,"two",null],"c":{}},"d":[ ],"e":"x\"y"}"#;
    let expected = [
        "{",
        r#"  "a": {"#,
        r#"    "b": ["#,
        "      1,",
        r#"      "two","#,
        "      null",
        "    ],",
        r#"    "c": {}"#,
        "  },",
        r#"  "d": [],"#,
        r#"  "e": "x\"y""#,
        "}",
    ];
    assert_eq!(shown(text, None), expected);
}

#[test]
fn json_is_folded_by_level() {
    let document = read(r#"{"a":{"b":[1,2]},"c":[3]}"#, None);
    let mut outline = Outline::default();
    let lines = |outline: &Outline| {
        outline
            .visible(document.lines())
            .map(|at| document.text_of(at, outline))
            .collect::<Vec<_>>()
    };
    outline.show_levels(1);
    assert_eq!(lines(&outline), ["{", r#"  "a": { … 1 },"#, r#"  "c": [ … 1 ]"#, "}"]);
    outline.change_levels(document.lines(), true);
    assert_eq!(lines(&outline)[2], r#"    "b": [ … 2 ]"#);
    outline.change_levels(document.lines(), false);
    outline.change_levels(document.lines(), false);
    assert_eq!(lines(&outline), ["{ … 2 }"]);
    assert!(outline.toggle(document.lines(), 0));
    assert_eq!(lines(&outline).len(), 4);
    outline.reveal(document.lines(), 3);
    assert!(lines(&outline).contains(&"      1,".to_owned()), "{:?}", lines(&outline));
}

#[test]
fn json_that_breaks_off_is_shown_to_its_end() {
    assert_eq!(
        shown(r#"{"a": [1, {"b": "cu"#, None),
        ["{", r#"  "a": ["#, "    1,", "    {", r#"      "b": "cu"#]
    );
    let long = format!("[{}1] and more", "1, ".repeat(2_000));
    assert_eq!(shown(&long, None).last().map(String::as_str), Some("and more"));
    assert_eq!(shown("{\"a\": 1}\n{\"a\": 2}", None).len(), 6, "one after the other");
}

#[test]
fn sql_has_a_line_for_each_clause() {
    let text = "SELECT p.id, count(*) FROM products p LEFT JOIN carts c ON c.id = p.cart AND c.open = true WHERE p.title ILIKE 'from %' AND p.price BETWEEN 1 AND 2 ORDER BY p.price LIMIT 10";
    let expected = [
        "SELECT p.id, count(*)",
        "FROM products p",
        "LEFT JOIN carts c",
        "  ON c.id = p.cart",
        "  AND c.open = true",
        "WHERE p.title ILIKE 'from %'",
        "  AND p.price BETWEEN 1 AND 2",
        "ORDER BY p.price",
        "LIMIT 10",
    ];
    assert_eq!(shown(text, None), expected);
    assert_eq!(
        shown("select a from (select b from c where d = 1) e", None),
        ["select a", "from (", "  select b", "  from c", "  where d = 1) e"]
    );
    assert_eq!(shown("insert into t (a) values ('it''s; -- no comment')", None).len(), 2);
    assert_eq!(
        shown("DELETE FROM t -- all\nWHERE a = 1", None),
        ["DELETE FROM t -- all", "WHERE a = 1"]
    );
}

#[test]
fn frames_of_java() {
    let text = "java.lang.IllegalStateException: no rate\n\tat com.example.billing.Rates.fetch(Rates.java:61)\n\tat org.springframework.aop.Proxy.invoke(Proxy.java:9)\n\tat java.base/java.lang.Thread.run(Thread.java:840)\nCaused by: java.net.SocketTimeoutException: Read timed out\n\tat java.base/sun.nio.ch.NioSocketImpl.timedRead(NioSocketImpl.java:278)\n\tat com.example.billing.Http.get(Http.java:12)\n\t... 12 more\n";
    assert_eq!(
        frames(text),
        [
            "at com.example.billing.Rates.fetch(Rates.java:61)",
            "2 library frames",
            "1 library frame",
            "at com.example.billing.Http.get(Http.java:12)"
        ]
    );
}

#[test]
fn frames_of_python() {
    let text = "Traceback (most recent call last):\n  File \"/srv/.venv/lib/python3.12/site-packages/flask/app.py\", line 1511, in wsgi_app\n    response = self.full_dispatch_request()\n  File \"/srv/app/orders.py\", line 42, in create\n    total = price(order)\n            ^^^^^^^^^^^^\nValueError: no price\n";
    assert_eq!(
        frames(text),
        ["1 library frame", "File \"/srv/app/orders.py\", line 42, in create"]
    );
    let lines = shown(text, None);
    assert_eq!(lines.last().map(String::as_str), Some("ValueError: no price"));
    assert!(lines.contains(&"    total = price(order)".to_owned()), "{lines:?}");
}

#[test]
fn frames_in_groups_of_python() {
    let text = "  + Exception Group Traceback (most recent call last):\n  |   File \"/srv/app/orders.py\", line 10, in create\n  |     raise ExceptionGroup(\"many\", errors)\n  |   File \"/usr/lib/python3.12/asyncio/runners.py\", line 9, in run\n  | ExceptionGroup: many (2 sub-exceptions)\n  +-+---------------- 1 ----------------\n    | Traceback (most recent call last):\n    |   File \"/srv/app/price.py\", line 3, in price\n    | ValueError: no price\n    +---------------- 2 ----------------\n    | TypeError: b\n    +------------------------------------\n";
    assert_eq!(Document::new(text.to_owned(), None).form().name(), "stack trace");
    let lines = shown(text, None);
    let is_fold = |line: &&String| line.contains("library frame");
    assert_eq!(lines.iter().filter(is_fold).count(), 1, "{lines:#?}");
    assert!(!lines.iter().any(|line| line.contains("runners.py")), "{lines:#?}");
    for part in [
        "orders.py",
        "ExceptionGroup: many",
        "price.py",
        "ValueError: no price",
        "TypeError: b",
    ] {
        assert!(lines.iter().any(|line| line.contains(part)), "{part}\n{lines:#?}");
    }
}

#[test]
fn panics_of_go_are_frames_of_a_library() {
    let text = "panic: runtime error: integer divide by zero\n\ngoroutine 1 [running]:\npanic({0x4b0520?, 0x583e90?})\n\t/usr/local/go/src/runtime/panic.go:860 +0x13a\nmain.price(...)\n\t/srv/app/main.go:3\ncreated by main.main in goroutine 1\n\t/srv/app/main.go:9 +0x65\n";
    let lines = shown(text, None);
    assert!(!lines.iter().any(|line| line.contains("panic.go")), "{lines:#?}");
    assert!(lines.iter().any(|line| line.contains("main.price")), "{lines:#?}");
}

#[test]
fn frames_of_javascript() {
    let text = "TypeError: Cannot read properties of undefined (reading 'id')\n    at checkout (/srv/shop/checkout.js:12:5)\n    at async Layer.handle [as handle_request] (/srv/shop/node_modules/express/lib/router/layer.js:95:5)\n    at process.processTicksAndRejections (node:internal/process/task_queues:105:5)";
    assert_eq!(frames(text), ["at checkout (/srv/shop/checkout.js:12:5)", "2 library frames"]);
    let firefox = "TypeError: a is undefined\nrender@https://shop.example.com/assets/app.js:10:3\nupdate@https://shop.example.com/node_modules/react/index.js:3:1\n";
    assert_eq!(
        frames(firefox),
        ["render@https://shop.example.com/assets/app.js:10:3", "1 library frame"]
    );
}

#[test]
fn frames_of_go() {
    let text = "goroutine 1 [running]:\nruntime/debug.Stack()\n\t/usr/local/go/src/runtime/debug/stack.go:26 +0x5e\ngithub.com/acme/shop/cart.(*Cart).Total(0xc000012345)\n\t/home/me/shop/cart/cart.go:31 +0x1d\nmain.main()\n\t/home/me/shop/main.go:9 +0x25\ncreated by net/http.(*Server).Serve in goroutine 1\n\t/usr/local/go/src/net/http/server.go:3285 +0x4b4\n";
    assert_eq!(
        frames(text),
        [
            "1 library frame",
            "github.com/acme/shop/cart.(*Cart).Total(0xc000012345)",
            "main.main()",
            "1 library frame"
        ]
    );
}

#[test]
fn frames_of_go_without_directories_and_without_arguments() {
    // Built with -trimpath.
    let trimmed = "goroutine 34 [running]:\nshop/cart.(*Cart).Total(0xc000012345)\n\tshop/cart/cart.go:31 +0x1d\nfmt.Fprintf({0x1, 0x2})\n\tfmt/print.go:225 +0x9b\ngithub.com/gorilla/mux.(*Router).ServeHTTP(0xc0000c8000)\n\tgithub.com/gorilla/mux@v1.8.0/mux.go:210 +0x1cf\nmain.sum[...]({0xc000012345})\n\tshop/main.go:9 +0x25\n";
    assert_eq!(
        frames(trimmed),
        [
            "shop/cart.(*Cart).Total(0xc000012345)",
            "2 library frames",
            "main.sum[...]({0xc000012345})"
        ]
    );
    // Of zap and pkg/errors, here on Windows.
    let logged = "no price\nmain.total\n\tC:/src/shop/main.go:31\nmain.main\n\tC:/src/shop/main.go:9\nruntime.main\n\tC:/Program Files/Go/src/runtime/proc.go:250\nruntime.goexit\n\tC:/Program Files/Go/src/runtime/asm_amd64.s:1594";
    assert_eq!(frames(logged), ["main.total", "main.main", "2 library frames"]);
}

#[test]
fn frames_that_no_one_wrote_are_of_libraries() {
    for (text, expected) in [
        (
            "E: no\n\tat com.acme.Cart.put(Cart.java:4)\n\tat com.acme.Cart$$FastClassBySpringCGLIB$$1.invoke(<generated>)\n\tat com.acme.Cart$$Lambda$14/0x01.run(Unknown Source)\n\tat jdk.proxy2/jdk.proxy2.$Proxy12.put(Unknown Source)\n\tat oracle.jdbc.driver.T4C.send(T4C.java:7)",
            ["at com.acme.Cart.put(Cart.java:4)", "4 library frames"],
        ),
        (
            "Error: no\n    at async put (/srv/cart.js:4:1)\n    at async Promise.all (index 0)\n    at Array.map (native)",
            ["at async put (/srv/cart.js:4:1)", "2 library frames"],
        ),
        (
            "put@https://shop.example.com/cart.js:4:1\nmap@[native code]\nasyncFunctionResume@[native code]",
            ["put@https://shop.example.com/cart.js:4:1", "2 library frames"],
        ),
        (
            "Acme.CartException: no\n   at Acme.Cart.Put() in /src/Cart.cs:line 4\n   at lambda_method5(Closure , Object )",
            ["at Acme.Cart.Put() in /src/Cart.cs:line 4", "1 library frame"],
        ),
        (
            "stack backtrace:\n   0:     0x55d0 - put\n                               at /src/cart.rs:4:1\n   1:     0x55d1 - krate::call\n                               at /root/.cargo/registry/src/krate-1.0.0/src/lib.rs:1:1\n   2:     0x55d2 - main\n   3:     0x55d3 - __libc_start_main_impl\n   4:     0x55d4 - _start",
            ["0:     0x55d0 - put", "4 library frames"],
        ),
        (
            "Traceback (most recent call last):\n  File \"C:\\app\\cart.py\", line 4, in put\n    put()\n  File \"C:\\Python312\\Lib\\asyncio\\runners.py\", line 44, in run\nE: no",
            ["File \"C:\\app\\cart.py\", line 4, in put", "1 library frame"],
        ),
    ] {
        assert_eq!(frames(text), expected, "{text}");
    }
}

#[test]
fn library_frames_are_the_last_level() {
    let document = read(
        "E: no\n\tat com.acme.Cart.put(Cart.java:4)\n\tat java.util.A.b(A.java:1)\n\tat java.util.C.d(C.java:2)",
        None,
    );
    let mut outline = Outline::default();
    let count = |outline: &Outline| outline.visible(document.lines()).count();
    assert_eq!(count(&outline), 3);
    outline.change_levels(document.lines(), true);
    assert_eq!(count(&outline), 5);
    outline.change_levels(document.lines(), true);
    assert_eq!(count(&outline), 5);
    outline.change_levels(document.lines(), false);
    assert_eq!(count(&outline), 3);
}

#[test]
fn frames_of_rust() {
    let text = "thread 'main' panicked at src/main.rs:4:5:\nno price\nstack backtrace:\n   0: rust_begin_unwind\n             at /rustc/59807616e1fa2540724bfbac14d7976d7e4a3860/library/std/src/panicking.rs:689:5\n   1: core::panicking::panic_fmt\n   2: shop::price\n             at ./src/main.rs:4:5\n   3: <tokio::runtime::Runtime>::block_on\n";
    assert_eq!(frames(text), ["2 library frames", "2: shop::price", "1 library frame"]);
}

#[test]
fn frames_of_dotnet() {
    let text = "System.InvalidOperationException: no price\n   at System.Linq.ThrowHelper.ThrowNoElementsException()\n   at Shop.Cart.Total(Int32 id) in /src/Shop/Cart.cs:line 31\n   at Microsoft.AspNetCore.Http.RequestDelegateFactory.Run()\n   --- End of inner exception stack trace ---\n";
    assert_eq!(
        frames(text),
        [
            "1 library frame",
            "at Shop.Cart.Total(Int32 id) in /src/Shop/Cart.cs:line 31",
            "1 library frame"
        ]
    );
}

#[test]
fn urls_are_split_and_decoded() {
    let lines = shown(
        "https://me@shop.example.com:8443/a%20b/c?q=garden+chairs&page=2&flag#top",
        None,
    );
    let parts = [
        "scheme    https",
        "user      me",
        "host      shop.example.com",
        "port      8443",
        "path      /a b/c",
        "parameter q = garden chairs",
        "parameter page = 2",
        "parameter flag",
        "fragment  top",
    ];
    assert_eq!(lines[1..], parts);
    assert!(shown("http://[::1]/%zz%ff%", None).contains(&"path      /%zz%ff%".to_owned()));
}

#[test]
fn base64_is_named_before_it_is_shown() {
    let text = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
    assert_eq!(shown(text, None), ["base64 of 70 B: a PNG image (96 B as text)"]);
    assert_eq!(shown(&format!("data:image/png;base64,{text}"), None).len(), 1);
    let document = read(text, None);
    let mut outline = Outline::default();
    outline.toggle(document.lines(), 0);
    assert_eq!(outline.visible(document.lines()).count(), 2);
}

#[test]
fn long_texts_are_named_with_their_size() {
    let text = "x".repeat(10 << 20);
    assert_eq!(shown(&text, None), ["10 MiB"]);
    assert_eq!(shown(&"x".repeat(1_000), None).len(), 1);
}

/// Texts that are too large to read at once.
fn large() -> Vec<(&'static str, String)> {
    let deep = |depth| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
    vec![
        ("one line", "x".repeat(10 << 20)),
        ("100,000 lines", "a line of text\n".repeat(100_000)),
        ("JSON, 1,000 deep", deep(1_000)),
        ("JSON, 1,000,000 deep", deep(1_000_000)),
        ("JSON, one text", format!("{{\"a\": \"{}\"}}", "x\\\"é".repeat(2 << 20))),
        ("JSON, many", format!("[{}1]", "1, ".repeat(1 << 20))),
        ("JSON, one name", format!("{{\"{}\": 1}}", "x".repeat(4 << 20))),
        ("JSON, white space", format!("{{{}\"a\": 1}}", " ".repeat(4 << 20))),
        ("SQL, one text", format!("SELECT '{}' FROM t", "x".repeat(4 << 20))),
        ("SQL, one word", format!("SELECT a FROM {}", "x".repeat(4 << 20))),
        ("SQL, parentheses", format!("SELECT a FROM {}", "(".repeat(1 << 20))),
        ("SQL, comment", format!("SELECT a FROM b /* {}", "*".repeat(4 << 20))),
        (
            "frames",
            format!("E: e\n{}", "\tat java.lang.Thread.run(Thread.java:8)\n".repeat(100_000)),
        ),
        ("base64", "aB3/".repeat(2 << 20)),
        ("URL", format!("https://a/{}", "b/".repeat(2 << 20))),
    ]
}

#[test]
fn steps_read_what_they_are_asked_for_and_lines_are_short() {
    for (name, text) in large() {
        let mut document = Document::new(&*text, None);
        let mut most = 0;
        while !document.is_complete() {
            let (read, lines) = (document.read(), document.lines().len());
            document.step(64 << 10);
            most = most.max(document.read() - read);
            assert!(document.read() > read, "{name} goes on");
            assert!(document.lines().len() - lines <= 2 * (68 << 10), "{name}");
        }
        assert!(most <= (64 << 10) + 2 * LINE_BYTES_MAX, "{name}: {most}");
        for line in document.lines() {
            assert!(line.range.len() <= 3 * LINE_BYTES_MAX, "{name}: {:?}", line.range);
        }
    }
}

#[test]
fn any_text_is_laid_out_without_loss() {
    let parts = [
        "{",
        "}",
        "[",
        "]",
        "\"",
        ":",
        ",",
        "\\",
        "é",
        "日",
        " ",
        "\n",
        "\t",
        "1",
        "true",
        "at a.b(c)",
        "--",
        "/*",
        "*/",
        "'",
        "SELECT ",
        "FROM ",
        "File \"",
        "@https://",
        "%",
        "=",
        "\r",
    ];
    let mut seed = 17_u64;
    let mut random = move |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        usize::try_from(seed % below as u64).expect("small")
    };
    let starts = [
        "",
        "{\"a\": ",
        "SELECT a FROM b ",
        "E: e\n\tat a.b(c:1)\n\tat a.b(c:1)\n",
        "https://a/",
    ];
    for _ in 0..3_000 {
        let mut text = starts[random(starts.len())].to_owned();
        for _ in 0..random(60) {
            text.push_str(parts[random(parts.len())]);
        }
        for hint in [None, Some(Hint::Statement), Some(Hint::StackTrace)] {
            let document = read(&text, hint);
            let mut outline = Outline::default();
            for at in 0..document.lines().len() {
                outline.reveal(document.lines(), at);
            }
            let shown: String = outline
                .visible(document.lines())
                .map(|at| document.text_of(at, &outline))
                .collect();
            if document.form() == Form::Url {
                continue;
            }
            for part in text.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty()) {
                assert!(
                    shown.contains(part),
                    "{part:?} of {text:?} as {:?} in {shown:?}",
                    document.form()
                );
            }
        }
    }
}
