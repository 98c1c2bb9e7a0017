// Drives a generated controller through what a controller manager and a robot may do to it.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <string>
#include <vector>

#include "my_policy/policy_controller.hpp"

extern std::size_t allocations;  // allocations.cpp

namespace
{
using my_policy::Joints;
using my_policy::Policy;
using Parameters = std::map<std::string, rclcpp::Value>;

const double period = 0.002;
const double not_a_number = std::numeric_limits<double>::quiet_NaN();
int failures = 0;

void expect(bool is_so, const std::string & what)
{
  if (!is_so) {
    ++failures;
    std::printf("FAILED: %s\n", what.c_str());
  }
}

struct Robot
{
  explicit Robot(bool is_chained = false, const Parameters & parameters = {})
  {
    controller.node->overrides = parameters;
    expect(controller.on_init() == controller_interface::CallbackReturn::SUCCESS, "it begins");
    expect(controller.configure(), "it is configured");
    controller.is_chained = is_chained;
    controller.on_set_chained_mode(is_chained);
    activate();
    feel(0.05);
  }

  void activate() {controller.on_activate({});}

  void feel(double number)
  {
    for (auto & each : controller.state_interfaces_) {
      each.value = number;
    }
  }

  void refer(double enable)
  {
    for (auto & each : controller.ordered_exported_reference_interfaces_) {
      each->value = 0.2;
    }
    controller.ordered_exported_reference_interfaces_[0]->value = enable;
  }

  void say(std::vector<double> numbers)
  {
    auto message = std::make_shared<std_msgs::msg::Float64MultiArray>();
    message->data = std::move(numbers);
    controller.node->references->call(message);
  }

  /// Update for a time, referring to it meanwhile.
  void live(double seconds, double enable = 1.0)
  {
    for (double end = now + seconds; now < end; now += period) {
      if (controller.is_chained) {
        refer(enable);
      } else if (Joints::references > 0) {
        say(std::vector<double>(Joints::references, 0.2));
      }
      update();
    }
  }

  void update()
  {
    const std::size_t before = allocations;
    controller.update(period);
    const bool takes_none = allocations == before;
    expect(takes_none, "an update takes no memory");
  }

  std::vector<double> command() const
  {
    std::vector<double> made;
    for (const auto & each : controller.command_interfaces_) {
      made.push_back(each.value);
    }
    return made;
  }

  /// What /diagnostics says of a key.
  std::string said(const std::string & key)
  {
    controller.node->timer->call();
    for (const auto & each : controller.node->diagnostics->last->status.at(0).values) {
      if (each.key == key) {
        return each.value;
      }
    }
    return "";
  }

  /// Whether the command is that of the policy, which feels and is told the same everywhere.
  bool obeys_policy() const
  {
    float observations[Policy::observation_size], commands[Policy::action_size];
    for (std::size_t i = 0; i < Policy::observation_size; ++i) {
      const std::string kind = Policy::observation(i).kind;
      observations[i] = kind.rfind("command/", 0) == 0 ? 0.2F : 0.05F;
    }
    Policy::act(observations, commands);
    const auto found = command();
    for (std::size_t i = 0; i < Policy::action_size; ++i) {
      if (std::fabs(found[i] - static_cast<double>(commands[i])) > 1e-6) {
        return false;
      }
    }
    return true;
  }

  bool is_safe(const std::vector<double> & before) const
  {
    const auto found = command();
    return Joints::settings().is_position ? found == before :
      std::all_of(found.begin(), found.end(), [](double each) {return each == 0.0;});
  }

  my_policy::PolicyController controller;
  double now = 0.0;
};

void runs(bool is_chained)
{
  Robot robot(is_chained);
  robot.live(0.02);
  const auto base = robot.command();
  auto before = base;
  std::vector<double> largest(before.size(), 0.0);
  for (int step = 0; step < 500; ++step) {
    robot.live(period / 2);
    const auto command = robot.command();
    for (std::size_t i = 0; i < command.size(); ++i) {
      largest[i] = std::max(largest[i], std::fabs(command[i] - before[i]));
    }
    before = command;
  }
  expect(robot.said("state") == "run" && robot.obeys_policy(), "it commands what the policy does");
  for (std::size_t i = 0; i < before.size(); ++i) {
    const double share = 2.5 / Policy::rate_hz() / Joints::settings().fade_seconds;
    expect(largest[i] <= share * std::fabs(before[i] - base[i]) + 1e-9, "it fades in");
  }
  expect(robot.said("stops") == "0" && robot.said("missed_periods") == "0", "nothing was missed");
  const double acted = std::stod(robot.said("actions")) / robot.now;
  expect(std::fabs(acted - Policy::rate_hz()) < 0.1 * Policy::rate_hz(), "it keeps its rate");
}

/// A fault, from which it is safe after `patience` seconds, and recovers.
template<class Harm, class Heal>
void fault(const char * name, double patience, const char * reason, Harm harm, Heal heal)
{
  for (const bool is_chained : {false, true}) {
    Robot robot(is_chained);
    robot.live(1.0);
    const auto before = robot.command();
    harm(robot);
    robot.live(patience + period);
    expect(robot.is_safe(before), std::string(name) + ": the safe command");
    robot.live(0.3);
    expect(robot.said("state") != "run", std::string(name) + ": no action counts");
    expect(robot.said("stops") == "1", std::string(name) + ": one stop");
    expect(robot.said("reason") == reason, std::string(name) + ": " + robot.said("reason"));
    heal(robot);
    robot.live(1.0);
    expect(robot.said("state") == "run" && robot.obeys_policy(), std::string(name) + ": it recovers");
  }
}

void references_end_in_silence()
{
  Robot robot(true);
  robot.live(1.0);
  const auto before = robot.command();
  robot.live(period, 0.0);
  expect(robot.is_safe(before), "who is before it stops it at once");
  robot.live(1.0, 0.0);
  expect(robot.said("state") == "hold" && robot.said("stops") == "1", "it stays so");
  expect(robot.said("reason") == "it is not enabled", "and says why");
  robot.live(1.0);
  expect(robot.said("state") == "run", "and lets it go on");
  for (int step = 0; step < 240; ++step) {
    robot.update();
  }
  expect(robot.said("state") == "run", "a reference counts for a while");
  for (int step = 0; step < 20; ++step) {
    robot.update();
  }
  expect(robot.said("reason") == "no references in time" && robot.said("stops") == "2",
    "silence stops it");
  robot.controller.is_chained = false;
  robot.controller.on_set_chained_mode(false);
  robot.live(1.0);
  expect(robot.said("state") == "run", "alone it is enabled");
}

void topic_gives_references()
{
  Robot robot;
  for (int step = 0; step < 100; ++step) {
    robot.update();
  }
  expect(robot.said("reason") == "no references in time" && robot.said("actions") == "0",
    "without references: no action");
  robot.say({1.0});
  expect(std::string(robot.controller.node->logger.said).rfind("dropped references: expected 3", 0) == 0,
    "references of another length are dropped");
  robot.say({0.2, not_a_number, 0.2});
  for (int step = 0; step < 100; ++step) {
    robot.update();
  }
  expect(robot.said("actions") == "0", "what is no number is no reference");
  robot.live(1.0);
  expect(robot.said("state") == "run", "with them: actions");
}

void begins_anew()
{
  Robot robot;
  robot.live(1.0);
  robot.controller.on_deactivate({});
  const auto last = robot.command();
  expect(robot.is_safe(last), "it lets motors go");
  robot.feel(-0.4);
  robot.activate();
  robot.update();
  expect(robot.said("state") != "run" && robot.command() == std::vector<double>(
      last.size(), Joints::settings().is_position ? -0.4 : 0.0),
    "activated again, it begins where the joints are now");
}

void parameters_are_kept()
{
  const auto said = [](const Parameters & parameters, unsigned update_rate = 500) {
      my_policy::PolicyController controller;
      controller.node->overrides = parameters;
      controller.update_rate = update_rate;
      const bool begins = controller.on_init() == controller_interface::CallbackReturn::SUCCESS;
      expect(!begins || !controller.configure(), "it is refused");
      return std::string(controller.node->logger.said);
    };
  expect(said({}, 10).find("is updated 10 times") != std::string::npos, "update_rate");
  expect(said({{"command_interfaces", std::vector<std::string>(9)}}).rfind(
    "parameter command_interfaces: expected ", 0) == 0, "command_interfaces");
  expect(said({{"latch", std::string("never")}}).rfind("parameter latch: ", 0) == 0, "latch");
  expect(said({{"rate", 0.0}}) == "parameter 'rate' is out of range", "rate");

  std::vector<std::string> names;
  for (std::size_t i = 0; i < Joints::commanded; ++i) {
    names.push_back("pid/joint_" + std::to_string(i));
  }
  Robot robot(false, {{"command_interfaces", names}, {"latch", std::string("all")}});
  expect(robot.controller.command_interface_configuration().names == names, "what follows it");
  robot.live(1.0);
  robot.feel(not_a_number);
  robot.live(0.1);
  robot.feel(0.05);
  robot.live(1.0);
  expect(robot.said("state") == "safe" && robot.said("latched") == "true", "a stop lasts");
  robot.controller.node->changes->call({rclcpp::Parameter("reset", true)});
  robot.live(1.0);
  expect(robot.said("state") == "run", "until it is reset");
}
}  // namespace

int main()
{
  {
    Robot robot;
    for (const auto & each : robot.controller.state_interfaces_) {
      std::printf("state %s\n", each.name.c_str() + 1);
    }
    for (const auto & each : robot.controller.command_interfaces_) {
      std::printf("command %s\n", each.name.c_str() + 1);
    }
    for (const auto & each : robot.controller.ordered_exported_reference_interfaces_) {
      std::printf("reference %s\n", each->name.c_str());
    }
  }
  runs(false);
  runs(true);
  fault("nan", 0.0, "joint states that are not finite",
    [](Robot & robot) {robot.controller.state_interfaces_[0].value = not_a_number;},
    [](Robot & robot) {robot.feel(0.05);});
  fault("silence", Joints::settings().timeout, "no joint states in time",
    [](Robot & robot) {robot.controller.state_interfaces_[0].is_contended = true;},
    [](Robot & robot) {robot.controller.state_interfaces_[0].is_contended = false;});
  references_end_in_silence();
  if (Joints::references > 0) {
    topic_gives_references();
  }
  begins_anew();
  parameters_are_kept();
  std::printf("%d failures\n", failures);
  return failures == 0 ? 0 : 1;
}
