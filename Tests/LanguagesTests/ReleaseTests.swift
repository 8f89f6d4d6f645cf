internal import Domain
internal import Languages
internal import Testing

struct ReleaseTests {
    static let changelog = """
        gcc-12 (1:12.2.0-14+deb12u1) bookworm; urgency=medium

          * See (and ignore) this -- Name <a@b>  Tue, 01 Jan 1980 00:00:00 +0000

         -- Matthias Klose <doko@debian.org>  Sun, 09 Mar 2025 10:00:00 +0100

        gcc-12 (12.2.0-1) unstable; urgency=medium

         -- Matthias Klose <doko@debian.org>  Fri, 19 Aug 2022 12:32:53 +0200

        gcc-12 (12.1.0-8) unstable; urgency=medium

         -- Matthias Klose <doko@debian.org>  Mon, 01 Aug 2022 12:32:53 +0200
        """

    @Test func `a version is as old as its first entry in the changelog`() throws {
        let release = try #require(Release.inChangelog(Self.changelog))
        #expect(release.day.description == "2022-08-19" && release.source == .debian)
    }

    @Test(arguments: [
        "", "\n\n", "gcc (1) x\n -- A <a>  Fri, 19 Aug 2022 1", "gcc (1-1) x; urgency=low\n -- A <a>  Fri",
    ])
    func `a changelog that does not tell has no day`(_ text: String) {
        #expect(Release.inChangelog(text) == nil)
    }

    @Test(
        arguments: [
            ("openjdk version \"17.0.15\" 2025-04-15\n", "2025-04-15"),
            ("ruby 3.1.2p20 (2022-04-12 revision 4491bb740a) [x86_64-linux-gnu]", "2022-04-12"),
            ("Rscript (R) version 4.2.2 (2022-10-31)", "2022-10-31"), ("gcc 12.2.0-14", nil),
            ("2022-13-01 1-2-3 20220-01-01", nil), ("", nil),
        ] as [(String, String?)])
    func `a runtime's own day is the first that is one`(_ words: String, _ day: String?) {
        #expect(Release.inWords(words.utf8)?.day.description == day)
    }

    @Test func `age counts whole days, and nothing is younger than today`() throws {
        let release = Release(day: try #require(CivilDate(iso: "2024-02-28")), source: .file)
        func age(_ iso: String) throws -> Int {
            release.age(at: Int64(try #require(CivilDate(iso: iso)).days) * 86_400_000_000_000)
        }
        #expect(try age("2024-03-01") == 2, "2024 has a leap day")
        #expect(try age("2025-02-28") == 366)
        #expect(try age("2024-01-01") == 0)
    }

    @Test func `days are counted forth and back through leap years and centuries`() {
        for day in stride(from: 0, through: 60_000, by: 17) {
            let date = CivilDate(seconds: Int64(day) * 86_400 + 86_399)
            #expect(date.days == day && CivilDate(iso: date.description) == date)
        }
        #expect(CivilDate(mail: "Thu, 29 Feb 2024 23:59:59 -1200")?.description == "2024-02-29")
    }
}
