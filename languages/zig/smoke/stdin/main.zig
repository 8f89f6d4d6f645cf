const std = @import("std");

pub fn main(init: std.process.Init) !void {
    var buffer: [256]u8 = undefined;
    var writer: std.Io.File.Writer = .init(.stdout(), init.io, &buffer);
    const out = &writer.interface;
    var memory: [256]u8 = undefined;
    var reader: std.Io.File.Reader = .init(.stdin(), init.io, &memory);
    const line = try reader.interface.takeDelimiterExclusive('\n');
    const n = try std.fmt.parseInt(i64, line, 10);
    try out.print("{d}\n", .{n * n});
    try out.flush();
}
