// What a generated controller takes of rclcpp and ros2_control, without either: one thread, no ROS.
// Names and signatures are those of ros2_control 5.
#ifndef STAND_IN_HPP_
#define STAND_IN_HPP_

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#define RCLCPP_ERROR(logger, ...) (std::snprintf((logger).said, sizeof((logger).said), __VA_ARGS__))
#define RCLCPP_WARN_THROTTLE(logger, clock, period, ...) RCLCPP_ERROR(logger, __VA_ARGS__)
#define PLUGINLIB_EXPORT_CLASS(type, base) \
  static_assert(std::is_base_of_v<base, type>, "a plugin is of its base class");

namespace builtin_interfaces::msg
{
struct Time {std::int32_t sec = 0; std::uint32_t nanosec = 0;};
}
namespace std_msgs::msg
{
struct Header {builtin_interfaces::msg::Time stamp; std::string frame_id;};
struct Float64MultiArray
{
  using ConstSharedPtr = std::shared_ptr<const Float64MultiArray>;
  std::vector<double> data;
};
}
namespace diagnostic_msgs::msg
{
struct KeyValue {std::string key, value;};
struct DiagnosticStatus
{
  enum : unsigned char {OK, WARN};
  unsigned char level = OK;
  std::string name, message, hardware_id;
  std::vector<KeyValue> values;
};
struct DiagnosticArray {std_msgs::msg::Header header; std::vector<DiagnosticStatus> status;};
}
namespace rcl_interfaces::msg
{
struct FloatingPointRange {double from_value, to_value;};
struct ParameterDescriptor
{
  std::string description;
  bool read_only = false;
  std::vector<FloatingPointRange> floating_point_range;
};
}

namespace rclcpp
{
using Value = std::variant<
  bool, double, std::string, std::vector<double>, std::vector<std::string>>;

struct Logger {char said[512] = "";};
struct Clock {};
struct Time {operator builtin_interfaces::msg::Time() const {return {};}};
struct QoS {explicit QoS(int) {}};
struct SystemDefaultsQoS : QoS {SystemDefaultsQoS() : QoS(10) {}};
struct NodeOptions {NodeOptions & enable_logger_service(bool) {return *this;}};
struct TimerBase
{
  using SharedPtr = std::shared_ptr<TimerBase>;
  std::function<void()> call;
};

class Duration
{
public:
  explicit Duration(double seconds) : seconds_(seconds) {}
  double seconds() const {return seconds_;}

private:
  double seconds_;
};

class Parameter
{
public:
  Parameter(std::string name, Value value) : name_(std::move(name)), value_(std::move(value)) {}
  const std::string & get_name() const {return name_;}
  bool as_bool() const {return std::get<bool>(value_);}
  double as_double() const {return std::get<double>(value_);}

private:
  std::string name_;
  Value value_;
};

template<class Message>
struct Publisher
{
  using SharedPtr = std::shared_ptr<Publisher>;
  void publish(const Message & message) {last = message;}
  std::optional<Message> last;
};
template<class Message>
struct Subscription
{
  using SharedPtr = std::shared_ptr<Subscription>;
  std::function<void(std::shared_ptr<const Message>)> call;
};

namespace node_interfaces
{
struct PostSetParametersCallbackHandle
{
  using SharedPtr = std::shared_ptr<PostSetParametersCallbackHandle>;
  std::function<void(const std::vector<Parameter> &)> call;
};
}
}  // namespace rclcpp

namespace rclcpp_lifecycle
{
struct State {};

class LifecycleNode
{
public:
  std::map<std::string, rclcpp::Value> overrides;
  rclcpp::Logger logger;
  rclcpp::Clock clock;
  rclcpp::node_interfaces::PostSetParametersCallbackHandle::SharedPtr changes;
  rclcpp::TimerBase::SharedPtr timer;
  rclcpp::Publisher<diagnostic_msgs::msg::DiagnosticArray>::SharedPtr diagnostics;
  rclcpp::Subscription<std_msgs::msg::Float64MultiArray>::SharedPtr references;

  template<class T>
  T declare_parameter(
    const std::string & name, const T & value,
    const rcl_interfaces::msg::ParameterDescriptor & descriptor)
  {
    const auto found = overrides.find(name);
    const T made = found == overrides.end() ? value : std::get<T>(found->second);
    if constexpr (std::is_same_v<T, double>) {
      for (const auto & range : descriptor.floating_point_range) {
        if (made < range.from_value || made > range.to_value) {
          throw std::invalid_argument("parameter '" + name + "' is out of range");
        }
      }
    }
    return made;
  }
  template<class Callback>
  auto add_post_set_parameters_callback(Callback callback)
  {
    changes = std::make_shared<rclcpp::node_interfaces::PostSetParametersCallbackHandle>();
    changes->call = callback;
    return changes;
  }
  template<class Message, class Callback>
  auto create_subscription(const std::string &, const rclcpp::QoS &, Callback callback)
  {
    references = std::make_shared<rclcpp::Subscription<Message>>();
    references->call = callback;
    return references;
  }
  template<class Message>
  auto create_publisher(const std::string &, const rclcpp::QoS &)
  {
    diagnostics = std::make_shared<rclcpp::Publisher<Message>>();
    return diagnostics;
  }
  template<class Callback>
  auto create_wall_timer(std::chrono::seconds, Callback callback)
  {
    timer = std::make_shared<rclcpp::TimerBase>();
    timer->call = callback;
    return timer;
  }
  const char * get_name() const {return "policy_controller";}
  const char * get_fully_qualified_name() const {return "/policy_controller";}
  rclcpp::Logger & get_logger() {return logger;}
  rclcpp::Clock * get_clock() {return &clock;}
  rclcpp::Time now() const {return {};}
};
}  // namespace rclcpp_lifecycle

namespace hardware_interface
{
struct InterfaceInfo {std::string name, data_type;};
struct InterfaceDescription
{
  InterfaceDescription(const std::string & prefix, const InterfaceInfo & info)
  : name(prefix + "/" + info.name) {}
  std::string name;
};

class CommandInterface
{
public:
  using SharedPtr = std::shared_ptr<CommandInterface>;
  explicit CommandInterface(const InterfaceDescription & description) : name(description.name) {}
  [[nodiscard]] std::optional<double> get_optional() const
  {
    return is_contended ? std::nullopt : std::optional<double>(value);
  }
  [[nodiscard]] bool set_value(double number)
  {
    value = is_contended ? value : number;
    return !is_contended;
  }
  std::string name;
  double value = std::numeric_limits<double>::quiet_NaN();
  bool is_contended = false;
};
}  // namespace hardware_interface

namespace controller_interface
{
enum class CallbackReturn {SUCCESS, ERROR};
enum class return_type {OK, ERROR};
enum class interface_configuration_type {ALL, INDIVIDUAL, NONE};
struct InterfaceConfiguration
{
  interface_configuration_type type;
  std::vector<std::string> names;
};

class ChainableControllerInterface
{
public:
  std::shared_ptr<rclcpp_lifecycle::LifecycleNode> node =
    std::make_shared<rclcpp_lifecycle::LifecycleNode>();
  unsigned update_rate = 500;
  bool is_chained = false;
  std::vector<hardware_interface::CommandInterface> state_interfaces_, command_interfaces_;
  std::vector<hardware_interface::CommandInterface::SharedPtr>
    ordered_exported_reference_interfaces_;

  virtual ~ChainableControllerInterface() = default;
  virtual rclcpp::NodeOptions define_custom_node_options() const = 0;
  virtual CallbackReturn on_init() = 0;
  virtual InterfaceConfiguration command_interface_configuration() const = 0;
  virtual InterfaceConfiguration state_interface_configuration() const = 0;
  virtual CallbackReturn on_configure(const rclcpp_lifecycle::State &) = 0;
  virtual CallbackReturn on_activate(const rclcpp_lifecycle::State &) = 0;
  virtual CallbackReturn on_deactivate(const rclcpp_lifecycle::State &) = 0;
  virtual bool on_set_chained_mode(bool) = 0;
  virtual return_type update_reference_from_subscribers(
    const rclcpp::Time &, const rclcpp::Duration &) = 0;
  virtual return_type update_and_write_commands(
    const rclcpp::Time &, const rclcpp::Duration &) = 0;

  /// As the controller manager does it.
  bool configure()
  {
    if (on_configure({}) != CallbackReturn::SUCCESS) {
      return false;
    }
    for (auto [names, made] : {
        std::pair(state_interface_configuration().names, &state_interfaces_),
        std::pair(command_interface_configuration().names, &command_interfaces_)})
    {
      for (const auto & name : names) {
        made->emplace_back(hardware_interface::InterfaceDescription("", {name, "double"}));
      }
    }
    ordered_exported_reference_interfaces_ = on_export_reference_interfaces_list();
    return true;
  }
  return_type update(double period)
  {
    const rclcpp::Duration duration(period);
    if (!is_chained) {
      update_reference_from_subscribers({}, duration);
    }
    return update_and_write_commands({}, duration);
  }
  std::shared_ptr<rclcpp_lifecycle::LifecycleNode> get_node() const {return node;}
  unsigned get_update_rate() const {return update_rate;}
  bool is_in_chained_mode() const {return is_chained;}

protected:
  virtual std::vector<hardware_interface::CommandInterface::SharedPtr>
  on_export_reference_interfaces_list() = 0;
};
}  // namespace controller_interface

#endif  // STAND_IN_HPP_
