/* The language packs inside the binary. A new language is one array and one row here, and a folder in languages/. */
#include "cassets_languages.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char python[] = {
#embed "../../languages/python/pack.json"
};
static const unsigned char bash[] = {
#embed "../../languages/bash/pack.json"
};
static const unsigned char c[] = {
#embed "../../languages/c/pack.json"
};
static const unsigned char cpp[] = {
#embed "../../languages/cpp/pack.json"
};
static const unsigned char java[] = {
#embed "../../languages/java/pack.json"
};
static const unsigned char go[] = {
#embed "../../languages/go/pack.json"
};
static const unsigned char rust[] = {
#embed "../../languages/rust/pack.json"
};
static const unsigned char csharp[] = {
#embed "../../languages/csharp/pack.json"
};
static const unsigned char sh[] = {
#embed "../../languages/sh/pack.json"
};
static const unsigned char ruby[] = {
#embed "../../languages/ruby/pack.json"
};
static const unsigned char php[] = {
#embed "../../languages/php/pack.json"
};
static const unsigned char kotlin[] = {
#embed "../../languages/kotlin/pack.json"
};
static const unsigned char swift[] = {
#embed "../../languages/swift/pack.json"
};
static const unsigned char perl[] = {
#embed "../../languages/perl/pack.json"
};
static const unsigned char lua[] = {
#embed "../../languages/lua/pack.json"
};
static const unsigned char r[] = {
#embed "../../languages/r/pack.json"
};
static const unsigned char octave[] = {
#embed "../../languages/octave/pack.json"
};
static const unsigned char haskell[] = {
#embed "../../languages/haskell/pack.json"
};
static const unsigned char ocaml[] = {
#embed "../../languages/ocaml/pack.json"
};
static const unsigned char scheme[] = {
#embed "../../languages/scheme/pack.json"
};
static const unsigned char commonlisp[] = {
#embed "../../languages/commonlisp/pack.json"
};
static const unsigned char prolog[] = {
#embed "../../languages/prolog/pack.json"
};
static const unsigned char erlang[] = {
#embed "../../languages/erlang/pack.json"
};
static const unsigned char elixir[] = {
#embed "../../languages/elixir/pack.json"
};
static const unsigned char d[] = {
#embed "../../languages/d/pack.json"
};
static const unsigned char nim[] = {
#embed "../../languages/nim/pack.json"
};
static const unsigned char zig[] = {
#embed "../../languages/zig/pack.json"
};
static const unsigned char ada[] = {
#embed "../../languages/ada/pack.json"
};
static const unsigned char pascal[] = {
#embed "../../languages/pascal/pack.json"
};
static const unsigned char fortran[] = {
#embed "../../languages/fortran/pack.json"
};
static const unsigned char cobol[] = {
#embed "../../languages/cobol/pack.json"
};
static const unsigned char tcl[] = {
#embed "../../languages/tcl/pack.json"
};
static const unsigned char awk[] = {
#embed "../../languages/awk/pack.json"
};
static const unsigned char assembly[] = {
#embed "../../languages/assembly/pack.json"
};
static const unsigned char deno[] = {
#embed "../../languages/deno/pack.json"
};
static const unsigned char jq[] = {
#embed "../../languages/jq/pack.json"
};
static const unsigned char clojure[] = {
#embed "../../languages/clojure/pack.json"
};
static const unsigned char groovy[] = {
#embed "../../languages/groovy/pack.json"
};
static const unsigned char racket[] = {
#embed "../../languages/racket/pack.json"
};
static const unsigned char crystal[] = {
#embed "../../languages/crystal/pack.json"
};
static const unsigned char sqlite[] = {
#embed "../../languages/sqlite/pack.json"
};
static const unsigned char duckdb[] = {
#embed "../../languages/duckdb/pack.json"
};

static const unsigned char javascript[] = {
#embed "../../languages/javascript/pack.json"
};
static const unsigned char typescript[] = {
#embed "../../languages/typescript/pack.json"
};

#define PACK(name) { #name, name, sizeof name }

static const struct cassets_language languages[] = {
    PACK(python), PACK(bash), PACK(c), PACK(cpp), PACK(java), PACK(go), PACK(rust), PACK(csharp), PACK(sh),
    PACK(ruby), PACK(php), PACK(kotlin), PACK(swift), PACK(perl), PACK(lua), PACK(r), PACK(octave),
    PACK(haskell), PACK(ocaml), PACK(scheme), PACK(commonlisp), PACK(prolog), PACK(erlang), PACK(elixir),
    PACK(d), PACK(nim), PACK(zig), PACK(ada), PACK(pascal), PACK(fortran), PACK(cobol), PACK(tcl),
    PACK(awk), PACK(assembly), PACK(deno), PACK(jq), PACK(clojure), PACK(groovy), PACK(racket), PACK(crystal),
    PACK(sqlite), PACK(duckdb), PACK(javascript), PACK(typescript),
};

const struct cassets_language *cassets_languages(void) { return languages; }
size_t cassets_language_count(void) { return sizeof languages / sizeof languages[0]; }
