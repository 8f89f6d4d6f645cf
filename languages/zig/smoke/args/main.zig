const std = @import("std");

pub fn main(init: std.process.Init) !void {
    var buffer: [256]u8 = undefined;
    var writer: std.Io.File.Writer = .init(.stdout(), init.io, &buffer);
    const out = &writer.interface;
    const args = try init.minimal.args.toSlice(init.arena.allocator());
    for (args[1..]) |word| try out.print("<{s}>\n", .{word});
    try out.flush();
}
