const std = @import("std");

fn pick(list: []const u8, n: usize) u8 {
    return list[n];
}

pub fn main() void {
    var n: usize = 5;
    _ = &n;
    std.debug.print("{d}\n", .{pick("ab", n)});
}
