// Joins a DDS domain as some participants do, and prints what Fast DDS lets each of them do.
//
//   probe DOMAIN ACTORS          ACTORS: lines of "NAME FOLDER|- [pub:TOPIC|sub:TOPIC]..."
//
// FOLDER is that of an SROS2 enclave; "-" has no keys.  Lines of output:
//
//   NAME joined | NAME refused                the participant
//   NAME made|denied pub|sub:TOPIC            a writer or reader of it
//   NAME trusts|distrusts PREFIX              what it makes of another participant's identity
//   NAME is PREFIX                            its own, by which others know it
//   NAME has N pub|sub:TOPIC                  how many ends match this one
//   somebody denies PREFIX                    that its permissions are good; its identity is
//
// It ends with its input.

#include <cstdlib>
#include <fstream>
#include <functional>
#include <iostream>
#include <memory>
#include <mutex>
#include <sstream>
#include <string>
#include <vector>

#include <fastdds/dds/domain/DomainParticipant.hpp>
#include <fastdds/dds/domain/DomainParticipantFactory.hpp>
#include <fastdds/dds/domain/DomainParticipantListener.hpp>
#include <fastdds/dds/log/Log.hpp>
#include <fastdds/dds/publisher/DataWriter.hpp>
#include <fastdds/dds/publisher/DataWriterListener.hpp>
#include <fastdds/dds/publisher/Publisher.hpp>
#include <fastdds/dds/subscriber/DataReader.hpp>
#include <fastdds/dds/subscriber/DataReaderListener.hpp>
#include <fastdds/dds/subscriber/Subscriber.hpp>
#include <fastdds/dds/topic/TopicDataType.hpp>
#include <fastdds/dds/topic/TypeSupport.hpp>
#include <fastdds/rtps/transport/UDPv4TransportDescriptor.h>

namespace fast = eprosima::fastdds::dds;
namespace rtps = eprosima::fastrtps::rtps;

std::mutex output;

void say(const std::string & text)
{
  const std::lock_guard<std::mutex> lock(output);
  std::cout << text << std::endl;
}

std::string words_of(const rtps::GuidPrefix_t & prefix)
{
  std::ostringstream text;
  text << prefix;
  return text.str();
}

// Fast DDS tells nobody but its log of permissions of others that are not good.
class Log : public fast::LogConsumer
{
public:
  void Consume(const fast::Log::Entry & entry) override
  {
    static const std::string told = "Error validating remote permissions for ";
    if (entry.message.rfind(told, 0) == 0) {
      const std::string rest = entry.message.substr(told.size());
      say("somebody denies " + rest.substr(0, rest.find('|')));
    }
    const std::lock_guard<std::mutex> lock(output);
    std::cerr << entry.message << std::endl;
  }
};

// Four bytes; what is in them does not matter.
class Nothing : public fast::TopicDataType
{
public:
  Nothing()
  {
    setName("Nothing");
    m_typeSize = 8;
    m_isGetKeyDefined = false;
  }

  bool serialize(void *, rtps::SerializedPayload_t * payload) override
  {
    payload->length = 4;
    return true;
  }

  bool deserialize(rtps::SerializedPayload_t *, void *) override {return true;}

  std::function<uint32_t()> getSerializedSizeProvider(void *) override
  {
    return [] {return 4u;};
  }

  void * createData() override {return new uint32_t(0);}

  void deleteData(void * data) override {delete static_cast<uint32_t *>(data);}

  bool getKey(void *, rtps::InstanceHandle_t *, bool) override {return false;}
};

class Actor : public fast::DomainParticipantListener
{
public:
  Actor(const std::string & name, const std::string & folder, unsigned domain)
  : name_(name)
  {
    fast::DomainParticipantQos qos;
    qos.name(name);
    auto loopback = std::make_shared<eprosima::fastdds::rtps::UDPv4TransportDescriptor>();
    loopback->interfaceWhiteList.push_back("127.0.0.1");
    loopback->maxInitialPeersRange = 20;
    qos.transport().use_builtin_transports = false;
    qos.transport().user_transports.push_back(loopback);
    auto & builtin = qos.wire_protocol().builtin;
    builtin.metatrafficUnicastLocatorList.push_back(rtps::Locator_t());  // no multicast
    rtps::Locator_t here;
    rtps::IPLocator::setIPv4(here, 127, 0, 0, 1);
    builtin.initialPeersList.push_back(here);
    if (folder != "-") {
      secure(qos.properties().properties(), "file://" + folder + "/");
    }
    participant_ = fast::DomainParticipantFactory::get_instance()->create_participant(
      domain, qos, this, fast::StatusMask::none());
    if (participant_ == nullptr) {
      say(name_ + " refused");
      return;
    }
    say(name_ + " is " + words_of(participant_->guid().guidPrefix));
    say(name_ + " joined");
    type_.register_type(participant_);
    publisher_ = participant_->create_publisher(fast::PUBLISHER_QOS_DEFAULT);
    subscriber_ = participant_->create_subscriber(fast::SUBSCRIBER_QOS_DEFAULT);
  }

  // An end is "pub:TOPIC" or "sub:TOPIC".
  void make(const std::string & end)
  {
    if (participant_ == nullptr) {
      return;
    }
    const std::string name = end.substr(4);
    fast::TopicDescription * known = participant_->lookup_topicdescription(name);
    auto * topic = known != nullptr ? static_cast<fast::Topic *>(known) :
      participant_->create_topic(name, type_.get_type_name(), fast::TOPIC_QOS_DEFAULT);
    ends_.push_back(std::make_unique<End>(name_, end));
    bool made = false;
    if (end.rfind("pub:", 0) == 0) {
      made = publisher_->create_datawriter(
        topic, fast::DATAWRITER_QOS_DEFAULT, ends_.back().get()) != nullptr;
    } else {
      made = subscriber_->create_datareader(
        topic, fast::DATAREADER_QOS_DEFAULT, ends_.back().get()) != nullptr;
    }
    say(name_ + (made ? " made " : " denied ") + end);
  }

  void onParticipantAuthentication(
    fast::DomainParticipant *, rtps::ParticipantAuthenticationInfo && info) override
  {
    const bool trusted = info.status == rtps::ParticipantAuthenticationInfo::AUTHORIZED_PARTICIPANT;
    say(name_ + (trusted ? " trusts " : " distrusts ") + words_of(info.guid.guidPrefix));
  }

private:
  class End : public fast::DataWriterListener, public fast::DataReaderListener
  {
public:
    End(const std::string & actor, const std::string & end)
    : actor_(actor), end_(end) {}

    void on_publication_matched(
      fast::DataWriter *, const fast::PublicationMatchedStatus & status) override
    {
      tell(status.current_count);
    }

    void on_subscription_matched(
      fast::DataReader *, const fast::SubscriptionMatchedStatus & status) override
    {
      tell(status.current_count);
    }

private:
    void tell(int count)
    {
      say(actor_ + " has " + std::to_string(count) + " " + end_);
    }

    std::string actor_, end_;
  };

  static void secure(rtps::PropertySeq & properties, const std::string & folder)
  {
    const auto add = [&properties](const std::string & name, const std::string & value) {
        properties.emplace_back("dds.sec." + name, value);
      };
    add("auth.plugin", "builtin.PKI-DH");
    add("auth.builtin.PKI-DH.identity_ca", folder + "identity_ca.cert.pem");
    add("auth.builtin.PKI-DH.identity_certificate", folder + "cert.pem");
    add("auth.builtin.PKI-DH.private_key", folder + "key.pem");
    add("crypto.plugin", "builtin.AES-GCM-GMAC");
    add("access.plugin", "builtin.Access-Permissions");
    const std::string access = "access.builtin.Access-Permissions.";
    add(access + "permissions_ca", folder + "permissions_ca.cert.pem");
    add(access + "governance", folder + "governance.p7s");
    add(access + "permissions", folder + "permissions.p7s");
  }

  std::string name_;
  fast::TypeSupport type_{new Nothing};
  fast::DomainParticipant * participant_ = nullptr;
  fast::Publisher * publisher_ = nullptr;
  fast::Subscriber * subscriber_ = nullptr;
  std::vector<std::unique_ptr<End>> ends_;
};

int main(int, char ** words)
{
  fast::Log::ClearConsumers();
  fast::Log::RegisterConsumer(std::make_unique<Log>());
  std::vector<std::unique_ptr<Actor>> actors;
  std::ifstream file(words[2]);
  for (std::string line; std::getline(file, line);) {
    std::istringstream fields(line);
    std::string name, folder, end;
    fields >> name >> folder;
    actors.push_back(std::make_unique<Actor>(
        name, folder, static_cast<unsigned>(std::atoi(words[1]))));
    while (fields >> end) {
      actors.back()->make(end);
    }
  }
  say("all are here");
  while (std::cin.get() != EOF) {
  }
  std::cout.flush();
  std::_Exit(0);  // listeners are called until then
}
