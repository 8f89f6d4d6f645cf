internal import Glibc
internal import Posix

/// What the kernel says of this process and of the machine, under the names that Prometheus' own clients use.
package enum ProcessMetrics {
    package static func all() -> [any Metric] {
        let started = Double(time(nil))
        let memory = MachineMemory()
        return [
            Gauge(
                MetricName(
                    "process_cpu_seconds_total", "CPU time of the service, its sandboxes not counted."),
                kind: .counter, { processSeconds() }),
            Gauge(MetricName("process_resident_memory_bytes", "Memory of the service.")) {
                field(1, of: "/proc/self/statm").map { $0 * Double(sysconf(Int32(_SC_PAGESIZE))) }
            },
            Gauge(MetricName("process_open_fds", "Open descriptors of the service.")) {
                Double(DescriptorLimit.use().open)
            },
            Gauge(MetricName("process_max_fds", "How many it may open.")) {
                Double(DescriptorLimit.use().most)
            },
            Gauge(MetricName("process_start_time_seconds", "When it started, since 1970.")) { started },
            Gauge(
                MetricName(
                    "diatom_machine_memory_bytes", "Memory of the machine, or of the container around us.")
            ) {
                memory.read().map { Double($0.total) }
            },
            Gauge(
                MetricName("diatom_machine_memory_available_bytes", "What new programs could have of it.")
            ) { memory.read().map { Double($0.available) } },
            Gauge(MetricName("diatom_machine_load", "Runnable tasks, the mean of a minute.")) {
                field(0, of: "/proc/loadavg")
            },
            Gauge(MetricName("diatom_machine_processors", "Cores that are online.")) {
                Double(sysconf(Int32(_SC_NPROCESSORS_ONLN)))
            },
        ]
    }

    private static func processSeconds() -> Double? {
        var usage = rusage()
        guard getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return nil }
        let seconds = usage.ru_utime.tv_sec + usage.ru_stime.tv_sec
        return Double(seconds) + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6
    }

    private static func field(_ index: Int, of path: String) -> Double? {
        let fields = text(of: path).split(separator: " ")
        return fields.indices.contains(index) ? Double(fields[index]) : nil
    }

    private static func text(of path: String) -> String {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return "" }
        defer { close(file) }
        var buffer = [UInt8](repeating: 0, count: 8192)
        let count = read(file, &buffer, buffer.count)
        return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    }
}
