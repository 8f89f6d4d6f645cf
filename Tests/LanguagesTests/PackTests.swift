import FoundationEssentials
@testable import Languages
import Testing

struct PackTests {
    private let catalogue = LanguageCatalogue()

    @Test func `every pack decodes and carries the id that it is embedded under`() throws {
        #expect(try catalogue.all().map(\.id) == catalogue.ids)
    }

    @Test func `no name, ending or interpreter means two languages`() throws {
        let packs = try catalogue.all()
        let all = [
            packs.flatMap { [$0.id] + $0.aliases }, packs.flatMap(\.extensions),
            packs.flatMap(\.interpreters),
        ]
        for names in all {
            #expect(Set(names).count == names.count)
            #expect(names.allSatisfy { $0 == $0.lowercased() && !$0.isEmpty })
        }
    }

    @Test func `every name of a pack finds it without the pack being decoded first`() throws {
        for pack in try catalogue.all() {
            let fresh = LanguageCatalogue()
            for name in [pack.id] + pack.aliases {
                #expect(try fresh.pack(named: name.uppercased())?.id == pack.id)
            }
            for ending in pack.extensions { #expect(try fresh.pack(forFile: "a/b.\(ending)")?.id == pack.id) }
            for interpreter in pack.interpreters {
                #expect(try fresh.pack(forShebangOf: Array("#!/bin/\(interpreter)\n".utf8))?.id == pack.id)
            }
        }
    }

    @Test(
        arguments: [
            ("#!/usr/bin/env -S PYTHONUTF8=1 python3.11 -u\nprint(1)", "python"),
            ("#! /bin/sh -e\r\n", "sh"),
            ("#!/bin/bash", "bash"),
            ("#!/usr/bin/env", nil),
            ("#!\n", nil),
            ("#!///\n", nil),
            ("", nil),
            ("# !/bin/sh\n", nil),
            ("#!/usr/bin/perl\n", "perl"), ("#!/usr/bin/nothing\n", nil),
        ] as [(String, String?)])
    func `a shebang line names its language`(_ program: String, _ id: String?) throws {
        #expect(try catalogue.pack(forShebangOf: Array(program.utf8))?.id == id)
    }

    @Test(
        arguments: [
            ("main.py", "python"), ("a.b/MAIN.PY", "python"), ("x.sh", "bash"), ("x.c", "c"), (".py", nil),
            ("py", nil), ("a.py/", "python"), ("a.", nil), ("", nil), ("x.unknown", nil),
        ] as [(String, String?)])
    func `the ending of a file's name tells its language`(_ path: String, _ id: String?) throws {
        #expect(try catalogue.pack(forFile: path)?.id == id)
    }

    @Test func `the shebang line counts more than the ending`() throws {
        #expect(try catalogue.pack(forFile: "run.sh", program: Array("#!/bin/sh\n".utf8))?.id == "sh")
    }

    private static let names =
        #""id": "x", "aliases": [], "extensions": [], "interpreters": [], "name": "X", "entry": "x","#
        + #" "install": {"otherwise": "-"}"#

    @Test(arguments: [
        (#"{"id": "x"}"#, "name: is missing"),
        ("{\(names)}", "run: is missing"),
        (#"{\#(names), "run": ["{y}"], "requires": {}}"#, "run: nothing fills {y}"),
        (#"{\#(names), "run": []}"#, "run: empty"),
        (#"{\#(names), "run": ["{entry"]}"#, #"run: unclosedGap("{entry")"#),
        (#"{\#(names), "run": ["a"], "colour": 1}"#, "colour: is not a member that packs have"),
        (
            #"{\#(names.replacing(#"{"otherwise": "-"}"#, with: "{}")), "run": ["a"]}"#,
            "install.otherwise: stands in the place of packages"
        ),
        (
            #"{\#(names.replacing(#"{"otherwise": "-"}"#, with: #"{"debian": ["--force"]}"#)), "run": ["a"]}"#,
            "install.debian: '--force' is no name of a package"
        ),
        (#"{\#(names), "run": ["{heap_mb}", "{output}"]}"#, "run: nothing fills {output}"),
        (
            #"{\#(names), "run": ["a"], "compile": {"script": ["x"], "outputs": []}}"#,
            "compile.outputs: holds no path"
        ),
        (
            #"{\#(names), "run": ["a"], "errors": {"run": {"kind": "x"}}}"#,
            "errors.run.kind: is none of python, node and lines"
        ),
    ])
    func `a pack that is wrong says where`(_ json: String, _ reason: String) {
        let catalogue = LanguageCatalogue([PackSource(id: "x", json: Array(json.utf8))])
        #expect(throws: LanguageCatalogue.Malformed(pack: "x", reason: reason)) { try catalogue.all() }
    }

    @Test(
        arguments: [
            ("GNU bash, version 5.2.15(1)-release (x86_64)", "version ", "5.2.15"),
            ("Python 3.11.2\n", "Python ", "3.11.2"), ("12.2.0\n", nil, "12.2.0"),
            ("go version go1.22", "version ", nil), ("", "version ", nil), ("version", "version ", nil),
        ] as [(String, String?, String?)])
    func `a version is read after its mark`(_ output: String, _ after: String?, _ version: String?) throws {
        let template = try CommandTemplate(parsing: ["x"])
        #expect(VersionProbe(command: template, after: after).read(from: Array(output.utf8)) == version)
    }

    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "languages").path

    @Test(arguments: LanguageCatalogue().ids)
    func `every language has the smoke programs that all languages have`(_ id: String) throws {
        let names = Set(try FileManager.default.contentsOfDirectory(atPath: "\(Self.folder)/\(id)/smoke"))
        let wanted = [
            "hello", "stdin", "args", "exit-code", "stderr", "several-files", "runtime-error", "time-limit",
            "utf-8",
        ]
        #expect(names.isSuperset(of: wanted))
        #expect(names.contains("compile-error") || names.contains("syntax-error"))
    }

    @Test func `every pack's folder is embedded, and every language that CI installs can be installed`()
        throws
    {
        let entries = try FileManager.default.contentsOfDirectory(atPath: Self.folder)
        #expect(Set(entries).subtracting(["tested"]) == Set(catalogue.ids))
        let tested = try String(contentsOfFile: Self.folder + "/tested", encoding: .utf8)
        for id in tested.split(separator: "\n") {
            let pack = try #require(try catalogue.pack(named: String(id)))
            #expect(pack.install.isAutomatic, "\(id)")
        }
    }
}
